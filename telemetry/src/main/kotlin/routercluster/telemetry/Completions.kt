package routercluster.telemetry

import io.micrometer.core.instrument.Counter
import io.micrometer.core.instrument.DistributionSummary
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tags
import io.micrometer.core.instrument.Timer
import java.time.Duration
import java.util.concurrent.TimeUnit

/** The meters of finished requests. */
internal class Completions(private val registry: MeterRegistry) {
    private val operations = BoundedLabel(PrometheusEvents.LABEL_VALUES_MAX)
    private val providers = BoundedLabel(PrometheusEvents.LABEL_VALUES_MAX)
    private val errors = BoundedLabel(PrometheusEvents.LABEL_VALUES_MAX)
    private val currencies = BoundedLabel(PrometheusEvents.LABEL_VALUES_MAX)
    private val genAi = MeterTable(PrometheusEvents.SERIES_MAX, GenAiKey(OTHER, OTHER, OTHER, OTHER, OTHER), ::GenAiMeters)
    private val requests =
        MeterTable(PrometheusEvents.SERIES_MAX, RequestKey(OTHER, OTHER, OTHER, AnswerPath.ERROR, 0), ::requestCounter)
    private val cached = MeterTable(PrometheusEvents.SERIES_MAX, OTHER, ::cachedCounter)
    private val costs = MeterTable(PrometheusEvents.SERIES_MAX, CostKey(OTHER, OTHER, false), ::costCounter)
    private val estimates = MeterTable(PrometheusEvents.SERIES_MAX, EstimateKey(OTHER, OTHER), ::estimateCounter)

    fun record(event: RouterEvent.Completed, names: KnownNames) {
        val model = names.model(event.model)
        requests.at(RequestKey(event.recipe ?: NOTHING, event.decision ?: NOTHING, model, event.path, event.status)).increment()
        when (event.path) {
            AnswerPath.UPSTREAM, AnswerPath.ERROR -> genAi.at(genAiKey(event, names, model)).record(event)

            // The conventions measure calls of a model; these answers called none.
            AnswerPath.FAST_RESPONSE, AnswerPath.CACHE -> Unit
        }
        if (event.cachedTokens != null) cached.at(model).increment(event.cachedTokens.toDouble())
        if (event.tokensEstimated) {
            event.promptTokens?.let { estimates.at(EstimateKey(model, "input")).increment(it.toDouble()) }
            event.completionTokens?.let { estimates.at(EstimateKey(model, "output")).increment(it.toDouble()) }
        }
        charge(model, event, event.costEstimated, estimated = true)
        charge(model, event, (event.cost ?: 0.0) - event.costEstimated, estimated = false)
    }

    private fun charge(model: String, event: RouterEvent.Completed, amount: Double, estimated: Boolean) {
        if (amount > 0) costs.at(CostKey(model, currencies.of(event.currency), estimated)).increment(amount)
    }

    private fun genAiKey(event: RouterEvent.Completed, names: KnownNames, model: String) =
        GenAiKey(
            operations.of(event.operation),
            providers.of(event.provider),
            names.asked(event.askedModel),
            model,
            errors.of(event.errorCode),
        )

    private fun requestCounter(key: RequestKey): Counter =
        Counter
            .builder("router.requests")
            .description("Requests answered, by what was decided and where the answer came from")
            .tags("recipe", key.recipe, "decision", key.decision, "model", key.model)
            .tags("path", key.path.label, "status", key.status.toString())
            .register(registry)

    private fun cachedCounter(model: String): Counter =
        Counter
            .builder("router.cached.tokens")
            .description("Prompt tokens that the provider had cached; a part of the input tokens")
            .tags("model", model)
            .register(registry)

    private fun costCounter(key: CostKey): Counter =
        Counter
            .builder("router.cost")
            .description("Cost of the tokens used, by the policy's prices; estimated where no upstream told the tokens")
            .tags("model", key.model, "currency", key.currency, "estimated", key.estimated.toString())
            .register(registry)

    private fun estimateCounter(key: EstimateKey): Counter =
        Counter
            .builder("router.estimated.tokens")
            .description("Tokens of answers whose upstream did not tell them; not among those of the model calls' token usage")
            .tags("model", key.model, "type", key.type)
            .register(registry)

    private data class RequestKey(val recipe: String, val decision: String, val model: String, val path: AnswerPath, val status: Int)

    private data class CostKey(val model: String, val currency: String, val estimated: Boolean)

    private data class EstimateKey(val model: String, val type: String)

    private data class GenAiKey(
        val operation: String,
        val provider: String,
        val requestModel: String,
        val responseModel: String,
        val errorType: String,
    )

    /** The conventions' meters for one label set. Those that a request may lack are made when one first has it. */
    private inner class GenAiMeters(key: GenAiKey) {
        private val tags =
            Tags.of(
                "gen_ai.operation.name",
                key.operation,
                "gen_ai.provider.name",
                key.provider,
                "gen_ai.request.model",
                key.requestModel,
                "gen_ai.response.model",
                key.responseModel,
                "error.type",
                key.errorType,
            )
        private val duration = timer("gen_ai.client.operation.duration", "Time of a whole model call", Buckets.operation)
        private val firstToken by lazy {
            timer("gen_ai.server.time_to_first_token", "Time to the first byte of an answer", Buckets.firstToken)
        }
        private val perToken by lazy {
            timer("gen_ai.server.time_per_output_token", "Time per token of a streamed answer after the first", Buckets.perToken)
        }
        private val input by lazy { tokens("input") }
        private val output by lazy { tokens("output") }

        fun record(event: RouterEvent.Completed) {
            duration.record(event.nanos, TimeUnit.NANOSECONDS)
            // The conventions want what was billed, and no guesses.
            if (!event.tokensEstimated) {
                event.promptTokens?.let { input.record(it.toDouble()) }
                event.completionTokens?.let { output.record(it.toDouble()) }
            }
            event.firstByteNanos?.let { streamTimes(event, it) }
        }

        private fun streamTimes(event: RouterEvent.Completed, firstByteNanos: Long) {
            firstToken.record(firstByteNanos, TimeUnit.NANOSECONDS)
            val later = (event.completionTokens ?: 0) - 1
            if (event.stream && later > 0 &&
                !event.tokensEstimated
            ) {
                perToken.record((event.nanos - firstByteNanos) / later, TimeUnit.NANOSECONDS)
            }
        }

        private fun timer(name: String, help: String, buckets: Array<Duration>): Timer =
            Timer
                .builder(name)
                .description(help)
                .tags(tags)
                .serviceLevelObjectives(*buckets)
                .register(registry)

        private fun tokens(type: String): DistributionSummary =
            DistributionSummary
                .builder("gen_ai.client.token.usage")
                .description("Tokens of a model call")
                .tags(tags.and("gen_ai.token.type", type))
                .serviceLevelObjectives(*Buckets.tokens)
                .register(registry)
    }
}
