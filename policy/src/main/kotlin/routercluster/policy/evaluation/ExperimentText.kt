package routercluster.policy.evaluation

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode

/** The report as text for a terminal. Ends with a line break. */
fun ExperimentReport.render(): String =
    buildString {
        append("EXPERIMENT $name  mean over requests and 95 % interval\n")
        arms.forEach { arm ->
            append("  ${arm.name}: ${arm.units} units, ${arm.requests} requests; its share is ${shown(arm.share)}\n")
            arm.means.forEach { (metric, mean) ->
                append("    ${metric.key} (${metric.unit}): ${shown(mean.interval)}, of ${mean.requests} requests\n")
            }
        }
        append("\nSPLIT\n  ${ratio.words()}\n")
        if (mixedUnits > 0) append("  $mixedUnits units were in more than one arm and are left out: the shares were changed\n")
        append("\nAGAINST ${arms.first().name}\n")
        comparisons.forEach { append("  ${it.words(arms.first().name)}\n") }
        if (comparisons.none { it.refusal == null }) append("  Nothing can be concluded.\n")
    }

private fun RatioCheck.words(): String =
    when {
        chance == null -> "too few units to tell whether they fell among the arms as they should have"
        isBroken -> "units did not fall among the arms as they should have (p ${shown(chance)}): some are lost on the way"
        else -> "units fell among the arms as they should have (p ${shown(chance)})"
    }

private fun ArmComparison.words(first: String): String {
    val difference = by?.let { "$arm less $first is ${shown(it)}" } ?: "$arm and $first cannot be told apart"
    val odds = chance?.let { " (p ${shown(it)})" }.orEmpty()
    val conclusion = refusal?.let { "nothing can be concluded: $it" } ?: "${better(first)} is better"
    return "${metric.key}: $difference$odds: $conclusion"
}

/** Null where nothing can be concluded. */
private fun ArmComparison.better(first: String): String? = by
    ?.takeIf { refusal == null }
    ?.let { if (it.value > 0 == metric.isBetterHigh) arm else first }

/** The report as JSON; what is not known is null. */
fun ExperimentReport.toJson(): ObjectNode {
    val json = JsonNodeFactory.instance
        .objectNode()
        .put("experiment", name)
        .put("confidence", Interval.CONFIDENCE)
    val list = json.putArray("arms")
    arms.forEach { arm ->
        val one = list
            .addObject()
            .put("arm", arm.name)
            .put("share", arm.share)
            .put("units", arm.units)
            .put("requests", arm.requests)
        val means = one.putObject("means")
        arm.means.forEach { (metric, mean) ->
            means.set<ObjectNode>(
                metric.key,
                mean.interval
                    .toJson()
                    .put("units", mean.units)
                    .put("requests", mean.requests),
            )
        }
    }
    json.putObject("sample_ratio").put("p", ratio.chance).put("broken", ratio.isBroken)
    json.put("mixed_units", mixedUnits)
    val compared = json.putArray("comparisons")
    comparisons.forEach {
        val one = compared
            .addObject()
            .put("metric", it.metric.key)
            .put("arm", it.arm)
            .put("p", it.chance)
        one.set<ObjectNode>("arm_less_first", it.by?.toJson())
        one.put("refusal", it.refusal).put("better", it.better(arms.first().name))
    }
    return json
}
