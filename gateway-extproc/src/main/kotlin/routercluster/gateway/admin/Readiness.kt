package routercluster.gateway.admin

import routercluster.gateway.http.Admission
import java.util.concurrent.ConcurrentHashMap

/**
 * What keeps this node from being sent requests, and what it does without. Safe for use by many threads.
 *
 * @param troubles what is wrong, in words, with what this node uses and does not look after itself; as of when it is asked
 */
class Readiness(private val admission: Admission, private val troubles: () -> List<String> = { emptyList() }) {
    private val pending = ConcurrentHashMap.newKeySet<String>()
    private val lacking = ConcurrentHashMap.newKeySet<String>()

    /** Notes that [what] has to come first, until it [reached]. */
    fun awaits(what: String) {
        pending.add(what)
    }

    /** Notes that the node serves, but not as it should because of [what], until that is [reached]. */
    fun suffers(what: String) {
        lacking.add(what)
    }

    fun reached(what: String) {
        pending.remove(what)
        lacking.remove(what)
    }

    /** In words for an operator; empty where the node is ready. */
    fun missing(): List<String> =
        listOfNotNull("draining: this node is shutting down".takeIf { admission.isLeaving }) + pending.sorted()

    /** What is not as it should be though the node is ready, in words for an operator. */
    fun degraded(): List<String> = lacking.sorted() + troubles()
}
