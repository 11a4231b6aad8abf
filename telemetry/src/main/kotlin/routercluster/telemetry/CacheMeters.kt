package routercluster.telemetry

import io.micrometer.core.instrument.Counter
import io.micrometer.core.instrument.MeterRegistry

/** What came of looking for earlier answers and of keeping new ones, by decision. */
internal class CacheMeters(private val registry: MeterRegistry) {
    private val sought = MeterTable(PrometheusEvents.SERIES_MAX, Key(OTHER, OTHER)) { counter("router.cache.sought", SOUGHT, it) }
    private val kept = MeterTable(PrometheusEvents.SERIES_MAX, Key(OTHER, OTHER)) { counter("router.cache.kept", KEPT, it) }
    private val judged = MeterTable(PrometheusEvents.SERIES_MAX, Key(OTHER, OTHER)) { counter("router.cache.judged", JUDGED, it) }
    private val saved = MeterTable(PrometheusEvents.SERIES_MAX, OTHER, ::savedCounter)

    fun record(event: RouterEvent.AnswerSought) {
        sought.at(Key(event.decision, event.outcome)).increment()
        event.saved?.let { saved.at(event.decision).increment(it) }
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

    private data class Key(val decision: String, val outcome: String)

    private companion object {
        const val SOUGHT = "Requests of decisions with a response cache, by what came of looking for an earlier answer"
        const val JUDGED = "Kept answers that were compared with one that a model gave to the request, or that somebody found bad"
        const val KEPT = "Answers of decisions with a response cache, by whether they were kept and why not"
    }
}
