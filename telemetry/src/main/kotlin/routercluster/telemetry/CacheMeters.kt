package routercluster.telemetry

import io.micrometer.core.instrument.Counter
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Timer
import java.util.concurrent.TimeUnit

/** What came of looking for earlier answers and of keeping new ones, by decision. */
internal class CacheMeters(private val registry: MeterRegistry) {
    private val sought = MeterTable(PrometheusEvents.SERIES_MAX, Key(OTHER, OTHER)) { counter("router.cache.sought", SOUGHT, it) }
    private val kept = MeterTable(PrometheusEvents.SERIES_MAX, Key(OTHER, OTHER)) { counter("router.cache.kept", KEPT, it) }
    private val judged = MeterTable(PrometheusEvents.SERIES_MAX, Key(OTHER, OTHER)) { counter("router.cache.judged", JUDGED, it) }
    private val saved = MeterTable(PrometheusEvents.SERIES_MAX, OTHER, ::savedCounter)
    private val savedTime = MeterTable(PrometheusEvents.SERIES_MAX, OTHER, ::savedTimeCounter)
    private val ages = MeterTable(PrometheusEvents.SERIES_MAX, OTHER, ::ageTimer)
    private val hits = MeterTable(PrometheusEvents.SERIES_MAX, Hit(OTHER, OTHER, OTHER), ::hitCounter)

    fun record(event: RouterEvent.AnswerSought) {
        sought.at(Key(event.decision, event.outcome)).increment()
        event.saved?.let { saved.at(event.decision).increment(it) }
        event.savedNanos?.let { savedTime.at(event.decision).increment(it / NANOS_PER_SECOND) }
        event.ageNanos?.let {
            ages.at(event.decision).record(it, TimeUnit.NANOSECONDS)
            hits.at(Hit(event.decision, event.category ?: NOTHING, event.outcome.removePrefix(HIT))).increment()
        }
    }

    fun record(event: RouterEvent.AnswerKept) = kept.at(Key(event.decision, event.outcome)).increment()

    fun record(event: RouterEvent.AnswerJudged) = judged.at(Key(event.decision, event.outcome)).increment()

    private fun counter(name: String, help: String, key: Key): Counter =
        Counter
            .builder(name)
            .description(help)
            .tags("decision", key.decision, "outcome", key.outcome)
            .register(registry)

    private fun savedCounter(decision: String): Counter =
        Counter
            .builder("router.cache.saved.cost")
            .description("What answers cost that were given again, in the currency of their models")
            .tags("decision", decision)
            .register(registry)

    private fun savedTimeCounter(decision: String): Counter =
        Counter
            .builder("router.cache.saved.seconds")
            .description("What answers took that were given again, from their first request to their end")
            .tags("decision", decision)
            .register(registry)

    private fun hitCounter(hit: Hit): Counter =
        Counter
            .builder("router.cache.hits")
            .description("Answers given again, by the topic of the request")
            .tags("decision", hit.decision, "category", hit.category, "kind", hit.kind)
            .register(registry)

    private fun ageTimer(decision: String): Timer =
        Timer
            .builder("router.cache.age")
            .description("How old answers were that were given again")
            .tags("decision", decision)
            .serviceLevelObjectives(*Buckets.age)
            .register(registry)

    /** @property category of the policy's domain head, so there are few */
    private data class Hit(val decision: String, val category: String, val kind: String)

    private data class Key(val decision: String, val outcome: String)

    private companion object {
        const val HIT = "hit_"
        const val NANOS_PER_SECOND = 1e9
        const val SOUGHT = "Requests of decisions with a response cache, by what came of looking for an earlier answer"
        const val JUDGED = "Kept answers that were compared with one that a model gave to the request, or that somebody found bad"
        const val KEPT = "Answers of decisions with a response cache, by whether they were kept and why not"
    }
}
