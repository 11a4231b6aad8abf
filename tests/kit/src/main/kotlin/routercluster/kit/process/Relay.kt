package routercluster.kit.process

import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.Executors
import java.util.concurrent.Semaphore
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/**
 * A stretch of network that a test can cut or slow down: passes on what it is sent to the server at [target]. While it is cut for a
 * peer nothing comes through either way and nothing is lost, as on a network that drops packets and has them sent again; connections
 * stay open. At most [CONNECTIONS_MAX] at a time; more wait.
 *
 * @property address where it listens
 */
class Relay(val address: InetSocketAddress, private val target: InetSocketAddress) : AutoCloseable {
    private val server = ServerSocket().apply {
        reuseAddress = true
        bind(address)
    }
    private val room = Semaphore(CONNECTIONS_MAX)
    private val threads = Executors.newCachedThreadPool { Thread(it, "relay-${address.port}").apply { isDaemon = true } }
    private val open = ConcurrentHashMap.newKeySet<Socket>()
    private val lock = ReentrantLock()
    private val changed = lock.newCondition()
    private var cutFor: (InetAddress) -> Boolean = NOBODY
    private var delayNanos = 0L

    init {
        threads.execute(::accept)
    }

    /** From now on for those [peers] whose address is given; for all where none is. */
    fun cut(vararg peers: String) {
        val addresses = peers.mapTo(HashSet(), InetAddress::getByName)
        change { cutFor = { addresses.isEmpty() || it in addresses } }
    }

    fun heal() = change { cutFor = NOBODY }

    /** Holds up each piece of at most [BYTES_MAX] bytes, either way, for [millis]. */
    fun slowDown(millis: Long) = change { delayNanos = millis * NANOS_PER_MILLI }

    private fun change(change: () -> Unit) = lock.withLock {
        change()
        changed.signalAll()
    }

    private fun accept() {
        try {
            while (true) {
                room.acquire()
                val client = server.accept()
                open += client
                threads.execute { connect(client) }
            }
        } catch (_: IOException) {
            // Closed.
        } catch (_: InterruptedException) {
            // Closed while it was full.
        }
    }

    private fun connect(client: Socket) {
        val upstream = Socket()
        open += upstream
        try {
            if (!passes(client.inetAddress)) return
            upstream.connect(target, CONNECT_MILLIS_MAX)
            val back = threads.submit { pump(upstream, client, client.inetAddress) }
            pump(client, upstream, client.inetAddress)
            back.get()
        } catch (_: IOException) {
            // The target is away: so is this connection then.
        } catch (_: InterruptedException) {
            // Closed.
        } finally {
            listOf(client, upstream).forEach(::drop)
            room.release()
        }
    }

    private fun pump(from: Socket, to: Socket, peer: InetAddress) {
        val piece = ByteArray(BYTES_MAX)
        try {
            while (true) {
                val size = from.getInputStream().read(piece)
                if (size < 0 || !passes(peer)) break
                to.getOutputStream().write(piece, 0, size)
            }
        } catch (_: IOException) {
            // Either side has gone.
        } finally {
            // An end travels as bytes do: not while it is cut.
            if (passes(peer)) listOf(from, to).forEach(::drop)
        }
    }

    /** Waits as long as it is cut for [peer]; false where the relay was closed meanwhile. */
    private fun passes(peer: InetAddress): Boolean = lock.withLock {
        var left = delayNanos
        while (!server.isClosed && left > 0) left = changed.awaitNanos(left)
        while (!server.isClosed && cutFor(peer)) changed.await()
        !server.isClosed
    }

    private fun drop(socket: Socket) {
        open -= socket
        socket.close()
    }

    override fun close() {
        server.close()
        change { cutFor = NOBODY }
        open.forEach(Socket::close)
        threads.shutdownNow()
    }

    private companion object {
        const val CONNECTIONS_MAX = 256
        const val BYTES_MAX = 64 * 1024
        const val CONNECT_MILLIS_MAX = 2_000
        const val NANOS_PER_MILLI = 1_000_000L
        val NOBODY = { _: InetAddress -> false }
    }
}
