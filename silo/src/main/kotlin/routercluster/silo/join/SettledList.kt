package routercluster.silo.join

import java.net.InetAddress
import java.time.Duration
import java.util.Arrays

/**
 * Which nodes to ask, from what a name resolves to or Kubernetes lists. The list that comes out begins with the lowest address, whose node starts the
 * cluster where no other belongs to one yet; so that all nodes agree on it, a list counts only when it has not changed for [margin].
 */
internal class SettledList(private val margin: Duration = MARGIN) {
    private var seen: List<InetAddress> = emptyList()
    private var sinceNanos = 0L
    private var isGiven = false

    /** @return the list where it has just become one that counts */
    fun seen(addresses: List<InetAddress>, nowNanos: Long): List<InetAddress>? {
        val sorted = addresses.distinct().sortedWith { a, b -> Arrays.compareUnsigned(a.address, b.address) }
        if (sorted != seen) {
            seen = sorted
            sinceNanos = nowNanos
            isGiven = false
        }
        if (sorted.isEmpty() || isGiven || nowNanos - sinceNanos < margin.toNanos()) return null
        isGiven = true
        return sorted
    }

    companion object {
        val MARGIN: Duration = Duration.ofSeconds(5)
    }
}
