package routercluster.kit

import java.io.EOFException
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.SocketException
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/**
 * An upstream that answers with recorded bytes, whatever it is asked, and keeps what it was asked. Plain sockets: an HTTP library
 * would tidy up both.
 */
class ReplayingUpstream : AutoCloseable {
    private val server = ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress())
    private val connections = ConcurrentLinkedQueue<Socket>()
    private val requests = LinkedBlockingQueue<Message>()

    @Volatile private var playing: Message? = null

    val port: Int = server.localPort

    init {
        thread(name = "replay", isDaemon = true) { accept() }
    }

    /** Answers every request from now on with [answer], and forgets those before. */
    fun play(answer: Message) {
        requests.clear()
        playing = answer
    }

    /** The oldest request that was not taken yet; waits for one. */
    fun request(): Message = checkNotNull(requests.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "no request came in $WAIT_SECONDS s" }

    /** How many requests came that were not taken. */
    val waiting: Int get() = requests.size

    override fun close() {
        server.close()
        connections.forEach(Socket::close)
    }

    private fun accept() {
        try {
            while (true) {
                val connection = server.accept()
                connections.add(connection)
                thread(name = "replay-connection", isDaemon = true) { connection.use(::serve) }
            }
        } catch (closed: SocketException) {
            if (!server.isClosed) throw closed
        }
    }

    private fun serve(connection: Socket) {
        val wire = Wire(connection.getInputStream())
        val out = connection.getOutputStream()
        try {
            while (true) {
                val head = wire.head() ?: return
                requests.add(Message(head.line.removeSuffix(" HTTP/1.1"), head.headers, listOf(wire.body(head))))
                val answer = checkNotNull(playing) { "a request came before the first recording was played" }
                answer.answer().forEach {
                    out.write(it)
                    out.flush()
                }
            }
        } catch (gone: IOException) {
            // Who asked has left, within a request or within the answer.
            if (gone !is EOFException && gone !is SocketException) throw gone
        }
    }

    private companion object {
        const val BACKLOG = 50
        const val WAIT_SECONDS = 30L
    }
}
