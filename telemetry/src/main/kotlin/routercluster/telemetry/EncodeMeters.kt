package routercluster.telemetry

import io.micrometer.core.instrument.Counter
import io.micrometer.core.instrument.DistributionSummary
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Timer
import routercluster.policy.decisions.EncodeCall
import java.util.concurrent.TimeUnit

/** The meters of calls to encoders, and of the requests that could do without. */
internal class EncodeMeters(private val registry: MeterRegistry) {
    private val without = requests(encoded = false)
    private val with = requests(encoded = true)
    private val answered = calls("ok")
    private val failed = calls("failed")
    private val seconds = timer("router.encode", "Time from asking encoders to their answer, or to giving up")
    private val waited = timer("router.encode.wait", "Time that a call to encoders spent in queues")
    private val computed = timer("router.encode.compute", "Time of tokenizer and network for a call to encoders")
    private val batch =
        summary("router.encode.batch", "Most passages that shared a pass of the network with those of a call", Buckets.batch)
    private val windows = summary("router.encode.windows", "Windows that the texts of a call were read in", Buckets.batch)
    private val unread = Counter
        .builder("router.encode.unread.characters")
        .description("Characters of texts that encoders left out, being beyond their bound")
        .register(registry)
    private val byType = MeterTable(PrometheusEvents.LABEL_VALUES_MAX, OTHER, ::latency)

    /** The encode calls of one routed request. */
    fun record(calls: List<EncodeCall>) {
        if (calls.isEmpty()) without.increment() else with.increment()
        calls.forEach(::record)
    }

    private fun record(call: EncodeCall) {
        seconds.record(call.took)
        call.signals.mapTo(HashSet()) { it.type }.forEach { byType.at(it).record(call.took.toNanos(), TimeUnit.NANOSECONDS) }
        if (call.failure != null) {
            failed.increment()
            return
        }
        answered.increment()
        waited.record(call.waited)
        computed.record(call.computed)
        batch.record(call.batch.toDouble())
        val coverages = call.passages.mapNotNull { it.coverage }
        windows.record(coverages.sumOf { it.windows }.toDouble())
        unread.increment(coverages.sumOf { it.characters - it.charactersRead }.toDouble())
    }

    private fun requests(encoded: Boolean): Counter =
        Counter
            .builder("router.routed.requests")
            .description("Requests that were routed, by whether encoders were asked")
            .tags("encoded", encoded.toString())
            .register(registry)

    private fun calls(outcome: String): Counter =
        Counter
            .builder("router.encode.calls")
            .description("Calls to encoders, by whether an answer came in time")
            .tags("outcome", outcome)
            .register(registry)

    private fun latency(type: String): Timer =
        Timer
            .builder("llm.signal.extraction.latency")
            .description("Time that signals of a type waited for encoders")
            .tags("signal_type", type)
            .serviceLevelObjectives(*Buckets.encode)
            .register(registry)

    private fun timer(name: String, help: String): Timer =
        Timer
            .builder(name)
            .description(help)
            .serviceLevelObjectives(*Buckets.encode)
            .register(registry)

    private fun summary(name: String, help: String, buckets: DoubleArray): DistributionSummary =
        DistributionSummary
            .builder(name)
            .description(help)
            .serviceLevelObjectives(*buckets)
            .register(registry)
}
