package routercluster.policy.outcomes.file

import com.fasterxml.jackson.databind.node.ArrayNode
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.outcomes.Cell
import routercluster.policy.outcomes.ContextSums
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.LatencySketch
import routercluster.policy.outcomes.Layout
import routercluster.policy.outcomes.ModelPair
import routercluster.policy.outcomes.PairCell
import routercluster.policy.outcomes.PairSums
import routercluster.policy.outcomes.Performance
import routercluster.policy.outcomes.Priors
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.VerdictSums
import java.time.Duration
import java.time.Instant

/** What was learnt for one decision. */
class LearntDecision(val key: SelectionKey, val statistics: DecisionStatistics)

/**
 * What was learnt, as a file has it.
 *
 * @property policyRevision of the policy under which it was written down
 */
class LearntState(val exportedAt: Instant, val policyRevision: String, val decisions: List<LearntDecision>) {
    companion object {
        /** What the file says that it is. */
        const val FORMAT = "router-learnt-state"

        /** Of the format; a reader refuses newer ones. */
        const val VERSION = 1
    }
}

/** As [readLearntState] reads it. Verdicts are counts with up to three decimals, times begin slices, sketches are bins with their counts. */
fun LearntState.toJson(): ObjectNode {
    val json = nodes
        .objectNode()
        .put("format", LearntState.FORMAT)
        .put("version", LearntState.VERSION)
        .put("exported_at", "$exportedAt")
        .put("policy_revision", policyRevision)
    val list = json.putArray("decisions")
    decisions.forEach { list.add(it.toJson()) }
    return json
}

private fun LearntDecision.toJson(): ObjectNode {
    val json = nodes.objectNode().put("recipe", key.recipe).put("decision", key.decision)
    val models = json.putArray("models")
    statistics.modelNames().sorted().forEach { models.add(statistics.ofModel(it)) }
    val pairs = nodes.arrayNode()
    val order = compareBy<PairCell>({ it.slice }, { it.pair.first }, { it.pair.second })
    statistics.pairs.toSortedMap(order).forEach { (cell, sums) ->
        pairs.add(sums.toJson(cell.pair).put("from", start(cell.slice, DecisionStatistics.VERDICT_SLICE)))
    }
    json.putUnlessEmpty("comparisons", pairs)
    val prior = nodes.arrayNode()
    statistics.priors.pairs.forEach { (pair, sums) -> prior.add(sums.toJson(pair)) }
    json.putUnlessEmpty("prior_comparisons", prior)
    return json
}

private fun DecisionStatistics.ofModel(model: String): ObjectNode {
    val json = nodes.objectNode().put("model", model)
    val dated = { slice: Long, sums: VerdictSums -> sums.toJson().put("from", start(slice, DecisionStatistics.VERDICT_SLICE)) }
    json.putUnlessEmpty("verdicts", list(verdicts.of(model), dated))
    json.putUnlessEmpty(
        "recent_verdicts",
        list(recent.of(model)) { slice, sums -> sums.toJson().put("from", start(slice, DecisionStatistics.RECENT_SLICE)) },
    )
    falls[model]?.let { fall ->
        val fell = json.putObject("fell").put("at", start(fall.slice, DecisionStatistics.RECENT_SLICE))
        fell.set<ObjectNode>("before", list(fall.before, dated))
    }
    json.putUnlessEmpty(
        "attempts",
        list(performance.of(model)) { slice, sums -> sums.toJson().put("from", start(slice, DecisionStatistics.PERFORMANCE_SLICE)) },
    )
    val linear = nodes.arrayNode()
    val own = contexts.filterKeys { it.model == model }
    own.toSortedMap(compareBy({ it.slice }, { it.layout.id }, { it.layout.size })).forEach { (cell, sums) ->
        linear.add(sums.toJson(cell.layout).put("from", start(cell.slice, DecisionStatistics.CONTEXT_SLICE)))
    }
    json.putUnlessEmpty("linear_models", linear)
    if (model in priors.models) json.set<ObjectNode>("prior", priors.ofModel(model))
    return json
}

private fun Priors.ofModel(model: String): ObjectNode {
    val json = nodes.objectNode()
    verdicts[model]?.let { json.set<ObjectNode>("verdicts", it.toJson()) }
    val linear = nodes.arrayNode()
    contexts.filterKeys { it.model == model }.forEach { (of, sums) -> linear.add(sums.toJson(of.layout)) }
    json.putUnlessEmpty("linear_models", linear)
    return json
}

private fun <V> Map<Cell, V>.of(model: String): Map<Long, V> = filterKeys { it.model == model }.mapKeys { it.key.slice }

private fun <V> list(bySlice: Map<Long, V>, toJson: (Long, V) -> ObjectNode): ArrayNode {
    val list = nodes.arrayNode()
    bySlice.toSortedMap().forEach { (slice, value) -> list.add(toJson(slice, value)) }
    return list
}

private fun ObjectNode.putUnlessEmpty(name: String, list: ArrayNode) {
    if (!list.isEmpty) set<ObjectNode>(name, list)
}

private fun start(slice: Long, width: Duration): String = "${Instant.ofEpochSecond(slice * width.toSeconds())}"

private fun VerdictSums.toJson(): ObjectNode {
    val json = nodes.objectNode()
    listOf("good_fit" to goodFit, "underpowered" to underpowered, "overprovisioned" to overprovisioned, "failed" to failed)
        .filter { (_, parts) -> parts != 0L }
        .forEach { (name, parts) -> json.put(name, counted(parts)) }
    return json
}

private fun PairSums.toJson(pair: ModelPair): ObjectNode =
    nodes
        .objectNode()
        .put("first", pair.first)
        .put("second", pair.second)
        .put("first_won", counted(first))
        .put("second_won", counted(second))

private fun counted(thousandths: Long) = thousandths.toBigDecimal().movePointLeft(DECIMALS).stripTrailingZeros()

private fun Performance.toJson(): ObjectNode {
    val json = nodes
        .objectNode()
        .put("attempts", attempts)
        .put("prompt_tokens", promptTokens)
        .put("completion_tokens", completionTokens)
        .put("cost_nanos", costNanos)
    if (failures.isNotEmpty()) {
        val failed = json.putObject("failures")
        failures.forEach { (failure, count) -> failed.put(failure.name.lowercase(), count) }
    }
    listOf("first_byte" to firstByte, "total" to total, "per_token" to perToken).forEach { (name, sketch) ->
        if (sketch != LatencySketch.NONE) json.set<ObjectNode>(name, numbers(sketch.toLongs()))
    }
    return json
}

private fun ContextSums.toJson(layout: Layout): ObjectNode {
    val json = nodes.objectNode().put("layout", layout.id)
    json.set<ObjectNode>("products", numbers(products))
    json.set<ObjectNode>("rewards", numbers(rewards))
    return json
}

private fun numbers(all: LongArray): ArrayNode = nodes.arrayNode(all.size).also { list -> all.forEach(list::add) }

private val nodes = JsonNodeFactory.instance

/** A thousandth of a verdict is the least that is told. */
internal const val DECIMALS = 3
