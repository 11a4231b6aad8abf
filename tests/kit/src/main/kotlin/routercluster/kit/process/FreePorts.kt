package routercluster.kit.process

import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.util.concurrent.atomic.AtomicInteger

/** Below the ports that systems hand out to clients, so that no connection takes one while its program starts again. */
private const val FIRST = 20_000
private const val COUNT = 12_000

private val next = AtomicInteger((ProcessHandle.current().pid() * 97 % COUNT).toInt())

/**
 * A port that nobody listens at now. For programs that have to come back at the same port; others are better off with port 0.
 *
 * @throws IllegalStateException where all are taken
 */
fun freePort(host: String = "127.0.0.1"): Int {
    repeat(COUNT) {
        val port = FIRST + Math.floorMod(next.getAndIncrement(), COUNT)
        if (isFree(host, port)) return port
    }
    error("no free port of $host in $FIRST..${FIRST + COUNT - 1}")
}

private fun isFree(host: String, port: Int): Boolean =
    try {
        ServerSocket().use { it.bind(InetSocketAddress(InetAddress.getByName(host), port)) }
        true
    } catch (_: IOException) {
        false
    }
