package routercluster.gateway.admin

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.server.ServerBuilder
import routercluster.policy.Policy
import routercluster.policy.outcomes.LatencySketch
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.outcomes.Performance
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.VerdictSums

/**
 * What selection has learnt, decision by decision, for operators: `GET /selection`. In a cluster a node knows of a decision once it has
 * asked for it, so the first call may say less than the next.
 */
class SelectionApi(private val outcomes: Outcomes, private val policy: () -> Policy) {
    fun addTo(server: ServerBuilder) {
        server.route().get("/selection").build { _, _ ->
            HttpResponse.of(HttpStatus.OK, MediaType.JSON_UTF_8, learnt().toPrettyString())
        }
    }

    private fun learnt(): ObjectNode {
        val body = nodes.objectNode()
        val list = body.putArray("decisions")
        for (recipe in policy().recipes.values) {
            for (decision in recipe.decisions) {
                val measured = outcomes.measured(SelectionKey(recipe.name, decision.name))
                val entry = list
                    .addObject()
                    .put("recipe", recipe.name)
                    .put("decision", decision.name)
                    .put("algorithm", decision.algorithm)
                val models = entry.putArray("models")
                decision.candidates.map { it.model.name }.distinct().forEach { name ->
                    models.add(ofModel(name, measured.statistics(name), measured.inFlight(name)))
                }
            }
        }
        return body
    }

    /** What is not known is null. */
    private fun ofModel(name: String, known: ModelStatistics, inFlight: Int): ObjectNode {
        val json = nodes.objectNode().put("model", name).put("in_flight", inFlight)
        json.put("frozen", known.frozen?.toString())
        known.rating?.let { json.putObject("rating").put("log_odds", it.logOdds).put("games", it.games) }
        json.set<ObjectNode>("last_15_minutes", ofPerformance(known.performance))
        json.set<ObjectNode>("last_30_days", ofVerdicts(known.verdicts))
        return json
    }

    private fun ofPerformance(known: Performance): ObjectNode =
        nodes
            .objectNode()
            .put("attempts", known.attempts)
            .put("success_share", known.successShare)
            .put("first_byte_p50_ms", known.firstByte.millis(MEDIAN))
            .put("first_byte_p95_ms", known.firstByte.millis(HIGH))
            .put("per_token_p50_ms", known.perToken.millis(MEDIAN))
            .put("tokens", known.promptTokens + known.completionTokens)
            .put("cost", known.costNanos / NANOS_PER_UNIT)

    private fun ofVerdicts(known: VerdictSums): ObjectNode {
        val judged = known.goodFit + known.bad
        return nodes
            .objectNode()
            .put("good_fit", known.goodFit.verdicts())
            .put("underpowered", known.underpowered.verdicts())
            .put("overprovisioned", known.overprovisioned.verdicts())
            .put("failed", known.failed.verdicts())
            .put("good_share", if (judged == 0L) null else known.goodFit.toDouble() / judged)
    }

    private fun Long.verdicts(): Double = toDouble() / VerdictSums.WHOLE

    private fun LatencySketch.millis(percentile: Int): Double? = percentile(percentile)?.let { it.toNanos() / NANOS_PER_MILLI }

    private companion object {
        val nodes: JsonNodeFactory = JsonNodeFactory.instance
        const val MEDIAN = 50
        const val HIGH = 95
        const val NANOS_PER_UNIT = 1e9
        const val NANOS_PER_MILLI = 1e6
    }
}
