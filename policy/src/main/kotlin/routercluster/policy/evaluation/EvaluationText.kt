package routercluster.policy.evaluation

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import java.util.Locale

/** Numbers as reports show them. */
internal fun shown(value: Double): String =
    when {
        !value.isFinite() -> "-"
        value == 0.0 || kotlin.math.abs(value) >= SMALL -> String.format(Locale.ROOT, "%.4f", value)
        else -> String.format(Locale.ROOT, "%.3e", value)
    }

private const val SMALL = 0.001

internal fun shown(interval: Interval): String = "${shown(interval.value)} [${shown(interval.low)}, ${shown(interval.high)}]"

/** The evaluation as text for a terminal. Ends with a line break. */
fun Evaluation.render(): String =
    buildString {
        append("LOG  mean and 95 % interval\n")
        logged.forEach { (metric, interval) -> append("  ${metric.key} (${metric.unit}): ${shown(interval)}\n") }
        if (logged.isEmpty()) append("  no choice of the log has a result\n")
        Metric.entries.forEach { metric ->
            append("\n${metric.key.uppercase()}\n")
            findings.filter { it.metric == metric }.forEach { append(rows(it)) }
        }
        append("\nDIFFERENCES\n")
        if (differences.isEmpty()) append("  none can be told\n")
        differences.forEach { append("  ${it.words()}\n") }
    }

private fun rows(finding: Finding): String =
    buildString {
        append("  ${finding.policy}: ")
        append(finding.overlap.refusal?.let { "nothing can be concluded: $it" } ?: "${finding.best?.let(::shown)}")
        append("\n    ")
        append(
            finding.estimates.entries
                .joinToString { (estimator, interval) ->
                    "${estimator.key} ${shown(interval)}"
                }.ifEmpty { "no result" },
        )
        append("\n    ${finding.overlap.words()}\n")
    }

internal fun Overlap.words(): String =
    "$trials choices, as good as ${String.format(Locale.ROOT, "%.0f", effective)} of its own; largest weight ${shown(largestShare)} of all"

internal fun Difference.words(): String {
    val conclusion = better?.let { "$it is better" } ?: "no difference is shown"
    return "${metric.key}: $second less $first is ${shown(by)}: $conclusion"
}

/** The evaluation as JSON; what is not known is null. */
fun Evaluation.toJson(): ObjectNode {
    val json = nodes.objectNode().put("confidence", Interval.CONFIDENCE)
    val log = json.putObject("log")
    logged.forEach { (metric, interval) -> log.set<ObjectNode>(metric.key, interval.toJson()) }
    val list = json.putArray("findings")
    findings.forEach { list.add(it.toJson()) }
    val compared = json.putArray("differences")
    differences.forEach {
        compared
            .addObject()
            .put("metric", it.metric.key)
            .put("first", it.first)
            .put("second", it.second)
            .put("better", it.better)
            .set<ObjectNode>("second_less_first", it.by.toJson())
    }
    return json
}

private fun Finding.toJson(): ObjectNode {
    val json = nodes
        .objectNode()
        .put("policy", policy)
        .put("metric", metric.key)
        .put("refusal", overlap.refusal)
    json
        .put("choices", overlap.trials)
        .put("effective_choices", overlap.effective)
        .put("largest_weight_share", overlap.largestShare)
        .put("unsupported_share", overlap.unsupported)
    val all = json.putObject("estimates")
    estimates.forEach { (estimator, interval) -> all.set<ObjectNode>(estimator.key, interval.toJson()) }
    return json
}

internal fun Interval.toJson(): ObjectNode =
    nodes
        .objectNode()
        .put("value", value.takeIf(Double::isFinite))
        .put("low", low.takeIf(Double::isFinite))
        .put("high", high.takeIf(Double::isFinite))

private val nodes = JsonNodeFactory.instance
