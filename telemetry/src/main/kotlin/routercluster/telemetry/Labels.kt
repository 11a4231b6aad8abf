package routercluster.telemetry

import routercluster.policy.Policy
import java.util.concurrent.ConcurrentHashMap

/** What a label says instead of a value that would make its cardinality unbounded. */
internal const val OTHER = "other"

/** What a label says where there is nothing to name. Prometheus treats it as a missing label. */
internal const val NOTHING = ""

/** Lets the first [max] distinct values of a label through and folds all later ones into [OTHER]. */
internal class BoundedLabel(private val max: Int) {
    private val seen = ConcurrentHashMap<String, String>()

    fun of(value: String?): String {
        if (value == null) return NOTHING
        return seen[value] ?: admit(value)
    }

    private fun admit(value: String): String =
        synchronized(seen) {
            if (seen.size < max) seen.computeIfAbsent(value) { value } else seen[value] ?: OTHER
        }
}

/** The names that a policy knows: the only ones that its labels may carry, since clients write anything into `model`. */
internal class KnownNames(policy: Policy?) {
    private val models: Set<String> = policy?.models?.keys.orEmpty()
    private val asked: Set<String> = policy?.let { it.models.keys + it.autoNames + it.entrypoints.keys }.orEmpty()

    /** The label of a model that serves. */
    fun model(name: String?): String = bounded(name, models)

    /** The label of what a client asked for: a model, alias or entrypoint. */
    fun asked(name: String?): String = bounded(name, asked)

    private fun bounded(name: String?, known: Set<String>): String =
        when (name) {
            null -> NOTHING
            in known -> name
            else -> OTHER
        }
}

/**
 * Meters of one kind by a small key, made on first use. Past [max] keys everything lands on [overflow]'s meter, so that a
 * family of series has a bound whatever happens.
 */
internal class MeterTable<K : Any, M : Any>(private val max: Int, private val overflow: K, private val make: (K) -> M) {
    private val meters = ConcurrentHashMap<K, M>()

    fun at(key: K): M = meters[key] ?: meters.computeIfAbsent(if (meters.size < max) key else overflow, make)
}
