package routercluster.telemetry

import io.micrometer.core.instrument.Counter
import io.micrometer.core.instrument.Gauge
import io.micrometer.core.instrument.MultiGauge
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags
import io.micrometer.core.instrument.Timer
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics
import io.micrometer.core.instrument.binder.system.ProcessorMetrics
import io.micrometer.core.instrument.binder.system.UptimeMetrics
import io.micrometer.prometheusmetrics.PrometheusConfig
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry
import io.prometheus.metrics.core.metrics.Info
import routercluster.policy.Policy
import routercluster.policy.config.format.byFeature
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.LongAdder

/**
 * Turns events into Prometheus metrics: the GenAI semantic conventions' meters and our own `router_*` ones.
 *
 * Every label has a bound: models are the policy's own names or `other`, codes and the like the first [LABEL_VALUES_MAX], and
 * no family grows past [SERIES_MAX] label sets. Nothing names a user or quotes a prompt. Recording costs about a microsecond a
 * request: meters are looked up by small keys, and no text is built.
 */
class PrometheusEvents : Events, AutoCloseable {
    private val registry = PrometheusMeterRegistry(PrometheusConfig.DEFAULT)
    private val gc = JvmGcMetrics()
    private val inFlight = LongAdder()
    private val completions = Completions(registry)
    private val encoding = EncodeMeters(registry)
    private val limits = LimitMeters(registry)
    private val learning = LearningMeters(registry)
    private val cache = CacheMeters(registry)
    private val revision: Info =
        Info
            .builder()
            .name("router_policy_info")
            .help("The policy in force, by the SHA-256 of its file")
            .labelNames("revision")
            .register(registry.prometheusRegistry)

    private val inactive: MultiGauge =
        MultiGauge
            .builder("router.policy.inactive")
            .description("Places where the policy in force asks for a feature that is not built yet, by feature")
            .register(registry)

    @Volatile private var names = KnownNames(null)

    @Volatile private var lastReloadSucceeded = 0.0

    private val decide = MeterTable(SERIES_MAX, OTHER, ::decideTimer)
    private val signals = MeterTable(SERIES_MAX, SignalRef(OTHER, OTHER), ::signalMeters)
    private val attempts = MeterTable(SERIES_MAX, AttemptKey(OTHER, OTHER, OTHER, false), ::attemptMeters)
    private val refusals = MeterTable(SERIES_MAX, RefusalKey(OTHER, 0), ::refusalCounter)
    private val rowsOf = CopyOnWriteArrayList<() -> Unit>()
    private val codes = BoundedLabel(LABEL_VALUES_MAX)
    private val reloads = MeterTable(2, OTHER, ::reloadCounter)

    init {
        JvmMemoryMetrics().bindTo(registry)
        JvmThreadMetrics().bindTo(registry)
        gc.bindTo(registry)
        ProcessorMetrics().bindTo(registry)
        FileDescriptorMetrics().bindTo(registry)
        UptimeMetrics().bindTo(registry)
        gauge("router.requests.in.flight", "Requests between their arrival and the end of their answer") { inFlight.sum().toDouble() }
        gauge("router.policy.last.reload.success", "1 where the newest policy file took effect, 0 where it was rejected") {
            lastReloadSucceeded
        }
    }

    override fun publish(event: RouterEvent) {
        when (event) {
            is RouterEvent.Entered -> inFlight.increment()
            is RouterEvent.Left -> inFlight.decrement()
            is RouterEvent.Routed -> routed(event)
            is RouterEvent.AttemptEnded -> attempted(event)
            is RouterEvent.Resent -> resent(event)
            is RouterEvent.Completed -> completed(event)
            is RouterEvent.Refused -> refusals.at(RefusalKey(codes.of(event.code), event.status)).increment()
            is RouterEvent.LimitAsked -> limits.record(event)
            is RouterEvent.Judged -> learning.record(event)
            is RouterEvent.Hinted -> learning.record(event)
            is RouterEvent.AnswerSought -> cache.record(event)
            is RouterEvent.AnswerKept -> cache.record(event)
            is RouterEvent.AnswerJudged -> cache.record(event)
            is RouterEvent.PolicyLoaded -> loaded(event)
            is RouterEvent.PolicyRejected -> rejected()
        }
    }

    /** All metrics in the text form that [contentType] names: [TEXT] or [OPEN_METRICS]. */
    fun scrape(contentType: String = TEXT): String {
        rowsOf.forEach { it() }
        return registry.scrape(contentType)
    }

    /** Adds a gauge that is read at every scrape. Its Prometheus name has underscores for dots. [tags] are names and values in turn. */
    fun gauge(name: String, help: String, vararg tags: String, read: () -> Double) {
        Gauge
            .builder(name, read) { it() }
            .description(help)
            .tags(*tags)
            .strongReference(true)
            .register(registry)
    }

    /**
     * Adds a gauge with a row for each set of values of its [tags], of which [read] tells the first [SERIES_MAX] at every scrape.
     */
    fun gauges(name: String, help: String, tags: List<String>, read: () -> List<Pair<List<String>, Double>>) {
        val gauge = MultiGauge.builder(name).description(help).register(registry)
        rowsOf += {
            val rows = read().take(SERIES_MAX).map { (values, number) ->
                MultiGauge.Row.of(Tags.of(tags.zip(values) { tag, value -> Tag.of(tag, value) }), number)
            }
            gauge.register(rows, true)
        }
    }

    override fun close() {
        gc.close()
        registry.close()
    }

    private fun routed(event: RouterEvent.Routed) {
        decide.at(event.recipe ?: NOTHING).record(event.decideNanos, TimeUnit.NANOSECONDS)
        for (i in event.readings.indices) {
            val (ref, reading) = event.readings[i]
            val meters = signals.at(ref)
            meters.readings.increment()
            when (reading) {
                is Reading.Seen -> if (reading.matched) meters.matches.increment()
                is Reading.Failed -> meters.failures.increment()
            }
            event.signalNanos?.let { meters.seconds.record(it[i], TimeUnit.NANOSECONDS) }
        }
        encoding.record(event.calls)
        learning.record(event, names.model(event.model))
    }

    private fun completed(event: RouterEvent.Completed) {
        completions.record(event, names)
        learning.record(event)
    }

    private fun attempted(event: RouterEvent.AttemptEnded) {
        val outcome = event.failure?.label ?: if (event.cancelled) "cancelled" else "ok"
        val meters = attempts.at(AttemptKey(names.model(event.model), event.upstream, outcome, event.hedge))
        meters.count.increment()
        meters.seconds.record(event.nanos, TimeUnit.NANOSECONDS)
    }

    private fun resent(event: RouterEvent.Resent) {
        val key = AttemptKey(names.model(event.model), event.upstream, "retried", hedge = false)
        attempts.at(key).count.increment(event.times.toDouble())
    }

    private fun loaded(event: RouterEvent.PolicyLoaded) {
        names = KnownNames(event.policy)
        revision.setLabelValues(event.policy.revision)
        inactive.register(inactiveRows(event.policy), true)
        lastReloadSucceeded = 1.0
        reloads.at("success").increment()
    }

    private fun inactiveRows(policy: Policy): List<MultiGauge.Row<*>> =
        policy.inactive.byFeature().map {
            val tags = Tags.of("feature", it.feature.label, "protects", it.feature.isSecurity.toString())
            MultiGauge.Row.of(tags, it.places.size)
        }

    private fun rejected() {
        lastReloadSucceeded = 0.0
        reloads.at("failure").increment()
    }

    private fun decideTimer(recipe: String): Timer =
        Timer
            .builder("router.decide")
            .description("Time to read the signals and choose a model")
            .tags("recipe", recipe)
            .serviceLevelObjectives(*Buckets.decide)
            .register(registry)

    private fun signalMeters(ref: SignalRef) =
        SignalMeters(
            counter("llm.signal.extraction", "Requests in which a signal was read", "signal_type", ref.type, "signal_name", ref.name),
            counter("llm.signal.match", "Requests in which a signal matched", "signal_type", ref.type, "signal_name", ref.name),
            counter("router.signal.failures", "Requests in which a signal could not be read", "type", ref.type, "name", ref.name),
            Timer
                .builder("router.signal")
                .description("Time to read one signal")
                .tags("type", ref.type)
                .serviceLevelObjectives(*Buckets.decide)
                .register(registry),
        )

    private fun attemptMeters(key: AttemptKey) =
        AttemptMeters(
            counter(
                "router.attempts",
                "Attempts at an upstream by how they ended",
                "model",
                key.model,
                "upstream",
                key.upstream,
                "outcome",
                key.outcome,
                "hedge",
                key.hedge.toString(),
            ),
            Timer
                .builder("router.attempt")
                .description("Time from sending a request to an upstream to the end of the attempt")
                .tags("model", key.model, "upstream", key.upstream)
                .serviceLevelObjectives(*Buckets.operation)
                .register(registry),
        )

    private fun refusalCounter(key: RefusalKey): Counter =
        counter("router.refusals", "Requests refused before they were routed", "code", key.code, "status", key.status.toString())

    private fun reloadCounter(outcome: String): Counter =
        counter("router.policy.reloads", "Policy files read, by whether they took effect", "outcome", outcome)

    private fun counter(name: String, help: String, vararg tags: String): Counter =
        Counter
            .builder(name)
            .description(help)
            .tags(*tags)
            .register(registry)

    private data class AttemptKey(val model: String, val upstream: String, val outcome: String, val hedge: Boolean)

    private data class RefusalKey(val code: String, val status: Int)

    private class AttemptMeters(val count: Counter, val seconds: Timer)

    private class SignalMeters(val readings: Counter, val matches: Counter, val failures: Counter, val seconds: Timer)

    companion object {
        /** Content type of the Prometheus text format. */
        const val TEXT = "text/plain; version=0.0.4; charset=utf-8"

        /** Content type of OpenMetrics. */
        const val OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

        /** Label sets of one family. */
        const val SERIES_MAX = 2_000

        /** Distinct values of a label whose values no policy lists. */
        const val LABEL_VALUES_MAX = 64

        /** The content type to answer a scraper with whose `Accept` header is [accept]. */
        fun contentTypeFor(accept: String?): String = if (accept != null && "application/openmetrics-text" in accept) OPEN_METRICS else TEXT
    }
}
