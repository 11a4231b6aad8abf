package routercluster.policy.record

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.FailureClass
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.LatencySketch
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Performance
import routercluster.policy.outcomes.Rating

private val nodes = JsonNodeFactory.instance

/**
 * Sketches are numbers of bins and their counts in turn; verdicts are in thousandths. Sums of linear models are too many for a record: what a
 * selector made of them is noted among the traits.
 */
internal fun Figures.toJson(): ObjectNode {
    val json = nodes.objectNode()
    models.forEach { (model, figures) -> json.set<ObjectNode>(model, figures.toJson()) }
    return json
}

private fun ModelFigures.toJson(): ObjectNode {
    val json = nodes.objectNode()
    inFlight?.let { json.put("in_flight", it) }
    statistics?.let {
        json.set<ObjectNode>("performance", it.performance.toJson())
        json.set<ObjectNode>("verdicts", it.verdicts.toJson())
        it.rating?.let { rating -> json.putObject("rating").put("log_odds", rating.logOdds).put("games", rating.games) }
    }
    return json
}

private fun Performance.toJson(): ObjectNode {
    val json = nodes
        .objectNode()
        .put("attempts", attempts)
        .put("prompt_tokens", promptTokens)
        .put("completion_tokens", completionTokens)
        .put("cost_nanos", costNanos)
    val failed = json.putObject("failures")
    failures.forEach { (failure, count) -> failed.put(failure.name.lowercase(), count) }
    listOf("first_byte" to firstByte, "total" to total, "per_token" to perToken).forEach { (name, sketch) ->
        val numbers = json.putArray(name)
        sketch.toLongs().forEach(numbers::add)
    }
    return json
}

internal fun figures(json: Fields) =
    Figures(
        json.inners().mapValues { (_, model) ->
            val performance = model.inner("performance")
            val verdicts = model.inner("verdicts")
            val rating = model.inner("rating")?.let { Rating(it.number("log_odds"), it.number("games")) }
            val statistics =
                if (performance == null || verdicts == null) {
                    null
                } else {
                    ModelStatistics(performance(performance), verdicts(verdicts), rating = rating)
                }
            ModelFigures(statistics, model.intOrNull("in_flight"))
        },
    )

private fun performance(json: Fields) =
    Performance(
        attempts = json.long("attempts"),
        failures = json
            .inner("failures")
            ?.let { failures -> failures.names().associate { failure(it, failures) to failures.long(it) } }
            .orEmpty(),
        firstByte = sketch(json, "first_byte"),
        total = sketch(json, "total"),
        perToken = sketch(json, "per_token"),
        promptTokens = json.long("prompt_tokens"),
        completionTokens = json.long("completion_tokens"),
        costNanos = json.long("cost_nanos"),
    )

private fun failure(name: String, json: Fields): FailureClass =
    FailureClass.entries.firstOrNull { it.name.lowercase() == name } ?: json.fail(name, "no class of failures")

private fun sketch(json: Fields, name: String): LatencySketch =
    try {
        LatencySketch.ofLongs(json.longs(name).toLongArray())
    } catch (_: IllegalArgumentException) {
        json.fail(name, "numbers of bins and counts in turn")
    }
