package routercluster.gateway.admin

import routercluster.gateway.http.Admission
import java.util.concurrent.ConcurrentHashMap

/** What keeps this node from being sent requests. Safe for use by many threads. */
class Readiness(private val admission: Admission) {
    private val pending = ConcurrentHashMap.newKeySet<String>()

    /** Notes that [what] has to come first, until it [reached]. */
    fun awaits(what: String) {
        pending.add(what)
    }

    fun reached(what: String) {
        pending.remove(what)
    }

    /** In words for an operator; empty where the node is ready. */
    fun missing(): List<String> =
        listOfNotNull("draining: this node is shutting down".takeIf { admission.isDraining }) + pending.sorted()
}
