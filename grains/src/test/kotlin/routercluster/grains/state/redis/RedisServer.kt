package routercluster.grains.state.redis

import org.junit.jupiter.api.Assumptions.assumeTrue
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** A real Redis that syncs every write, in [folder] and on a port of its own. Tests are skipped, and say so, where none is installed. */
class RedisServer(private val folder: Path, private vararg val options: String) : AutoCloseable {
    val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
    private var process = start()

    /** Ends it as a crash does. */
    fun kill() {
        process.destroyForcibly().waitFor(WAIT_SECONDS, TimeUnit.SECONDS)
    }

    fun restart() {
        kill()
        process = start()
    }

    override fun close() = kill()

    /** The first line of what it answers to [text]. */
    fun command(text: String): String =
        Socket().use { socket ->
            socket.connect(InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS)
            socket.soTimeout = ANSWER_MILLIS
            socket.getOutputStream().write("$text\r\n".toByteArray())
            socket
                .getInputStream()
                .bufferedReader()
                .readLine()
                .orEmpty()
        }

    private fun start(): Process {
        assumeTrue(program != null, "redis-server is not installed: apt install redis-server")
        val settings =
            listOf(
                "--bind",
                "127.0.0.1",
                "--port",
                "$port",
                "--dir",
                "$folder",
                "--save",
                "",
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
            )
        val started =
            ProcessBuilder(listOf("$program") + settings + options)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("redis.log").toFile())
                .start()
        while (!answers()) check(started.isAlive) { "redis-server ended: ${Files.readString(folder.resolve("redis.log"))}" }
        return started
    }

    /** Loading is over when it answers a ping. */
    private fun answers(): Boolean =
        try {
            command("PING") == "+PONG"
        } catch (_: IOException) {
            false
        }

    private companion object {
        const val WAIT_SECONDS = 10L
        const val CONNECT_MILLIS = 500
        const val ANSWER_MILLIS = 2_000
        val program: Path? =
            System
                .getenv("PATH")
                .split(':')
                .plus(listOf("/usr/sbin", "/usr/local/bin"))
                .map { Path.of(it, "redis-server") }
                .firstOrNull(Files::isExecutable)
    }
}
