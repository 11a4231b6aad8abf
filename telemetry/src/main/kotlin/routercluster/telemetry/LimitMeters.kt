package routercluster.telemetry

import io.micrometer.core.instrument.Counter
import io.micrometer.core.instrument.MeterRegistry

/** What limits said, by the policy's names for them; nobody's name is in it. */
internal class LimitMeters(private val registry: MeterRegistry) {
    private val asked = MeterTable(PrometheusEvents.SERIES_MAX, Key(OTHER, LimitOutcome.DENIED), ::counter)

    fun record(event: RouterEvent.LimitAsked) = asked.at(Key(event.rule, event.outcome)).increment()

    private fun counter(key: Key): Counter =
        Counter
            .builder("router.limit.asked")
            .description("Requests that a limit was asked about, by what came of it")
            .tags("rule", key.rule, "outcome", key.outcome.label)
            .register(registry)

    private data class Key(val rule: String, val outcome: LimitOutcome)
}
