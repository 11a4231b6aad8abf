package routercluster.kit.process

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.SocketTimeoutException
import kotlin.concurrent.thread

/** Every loopback address is of this machine; peers are told apart by the one that they speak from. */
class RelayTest {
    @Test
    fun `it passes bytes on both ways`() = echo { _, client -> client().use { it.answerTo("one") shouldBe "one" } }

    @Test
    fun `what is sent while it is cut comes through once it is healed`() = echo { relay, client ->
        client().use {
            it.answerTo("one") shouldBe "one"
            relay.cut()
            it.soTimeout = SILENCE_MILLIS
            shouldThrow<SocketTimeoutException> { it.answerTo("two") }
            it.soTimeout = ANSWER_MILLIS_MAX
            relay.heal()
            it.line() shouldBe "two"
        }
    }

    @Test
    fun `it is cut for those that are named only`() = echo { relay, client ->
        relay.cut(LEFT)
        client(LEFT).use { left ->
            client(RIGHT).use { right ->
                right.answerTo("heard") shouldBe "heard"
                left.soTimeout = SILENCE_MILLIS
                shouldThrow<SocketTimeoutException> { left.answerTo("unheard") }
            }
        }
    }

    @Test
    fun `it holds up what it passes on`() = echo { relay, client ->
        relay.slowDown(DELAY_MILLIS)
        client().use {
            val started = System.nanoTime()
            it.answerTo("late") shouldBe "late"
            (System.nanoTime() - started >= 2 * DELAY_MILLIS * 1_000_000) shouldBe true
        }
    }

    /** A server that says every line again, behind a relay. */
    private fun echo(test: (Relay, (String) -> Socket) -> Unit) {
        ServerSocket(0, 0, InetAddress.getByName(HOST)).use { server ->
            thread(isDaemon = true) {
                while (!server.isClosed) {
                    val socket = runCatching(server::accept).getOrNull() ?: break
                    thread(isDaemon = true) { runCatching { socket.getInputStream().copyTo(socket.getOutputStream()) } }
                }
            }
            Relay(InetSocketAddress(HOST, freePort()), InetSocketAddress(HOST, server.localPort)).use { relay ->
                test(relay) { from ->
                    Socket().apply {
                        bind(InetSocketAddress(from, 0))
                        connect(relay.address)
                        soTimeout = ANSWER_MILLIS_MAX
                    }
                }
            }
        }
    }

    private operator fun ((String) -> Socket).invoke(): Socket = this(HOST)

    private fun Socket.answerTo(line: String): String {
        getOutputStream().write("$line\n".toByteArray())
        return line()
    }

    private fun Socket.line(): String =
        generateSequence { getInputStream().read().takeIf { it > 0 && it != '\n'.code }?.toChar() }.joinToString("")

    private companion object {
        const val HOST = "127.0.0.1"
        const val LEFT = "127.0.0.2"
        const val RIGHT = "127.0.0.3"
        const val SILENCE_MILLIS = 200
        const val ANSWER_MILLIS_MAX = 10_000
        const val DELAY_MILLIS = 100L
    }
}
