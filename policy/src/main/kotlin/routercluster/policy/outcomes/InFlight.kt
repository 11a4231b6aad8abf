package routercluster.policy.outcomes

import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger

/** Requests at each model, counted by many threads. It has as many models as policies had since it was made. */
class InFlight {
    private val byModel = ConcurrentHashMap<String, AtomicInteger>()

    fun began(model: String) {
        byModel.computeIfAbsent(model) { AtomicInteger() }.incrementAndGet()
    }

    fun left(model: String) {
        byModel[model]?.decrementAndGet()
    }

    fun at(model: String): Int = byModel[model]?.get() ?: 0

    /** Those above 0. */
    fun counts(): Map<String, Int> = byModel.mapValues { it.value.get() }.filterValues { it > 0 }
}
