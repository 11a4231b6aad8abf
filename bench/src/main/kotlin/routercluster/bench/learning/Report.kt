package routercluster.bench.learning

import com.fasterxml.jackson.databind.node.ArrayNode
import routercluster.cli.newArray
import java.util.Locale
import kotlin.math.sqrt

/** What became of [contender], a trial for each seed. */
internal class Outcome(val contender: String, val trials: List<Trial>)

/** Two-sided 95 % points of Student's t distribution, for 1 degree of freedom and more. */
private val STUDENT = listOf(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)

/** The most seeds that there are intervals for. */
internal val SEEDS_MAX = STUDENT.size + 1

/** A mean over seeds with half of its 95 % interval, by Student's t. */
private class Mean(values: List<Double>) {
    val value = values.average()
    val half = STUDENT[values.size - 2] * sqrt(values.sumOf { (it - value) * (it - value) } / (values.size - 1) / values.size)

    fun told(decimals: Int) = "%.${decimals}f ± %.${decimals}f".format(Locale.ROOT, value, half)
}

private fun shares(outcome: Outcome, sampling: Outcome) =
    Mean(outcome.trials.zip(sampling.trials) { own, other -> PERCENT * own.regret / other.regret })

internal fun List<Outcome>.asTable(): String {
    val sampling = first { it.contender == SAMPLING }
    val head = "| contender | regret | % of routing_sampling's | by quarter | degraded had | its requests until 90 % lost | " +
        "new one: requests to an even share | to a half |\n|---|---|---|---|---|---|---|---|"
    val rows = map { outcome ->
        val quarters = outcome.trials.first().regretByQuarter.indices.joinToString(", ") { quarter ->
            "%.0f".format(Locale.ROOT, outcome.trials.map { it.regretByQuarter[quarter] }.average())
        }
        listOf(
            outcome.contender,
            Mean(outcome.trials.map { it.regret }).told(0),
            shares(outcome, sampling).told(0),
            quarters,
            "%.0f %%".format(Locale.ROOT, PERCENT * outcome.trials.map { it.degradedShare }.average()),
            reached(outcome.trials.map { it.degradedNeeds }),
            reached(outcome.trials.map { it.comingEven }),
            reached(outcome.trials.map { it.comingHalf }),
        ).joinToString(" | ", "| ", " |")
    }
    return (listOf(head) + rows).joinToString("\n", postfix = "\n")
}

/** Median and highest of those that got there, and how many did where not all. */
private fun reached(counts: List<Int?>): String {
    val got = counts.filterNotNull().sorted()
    if (got.isEmpty()) return "never"
    val told = "${got[got.size / 2]} (≤ ${got.last()})"
    return if (got.size == counts.size) told else "$told, ${got.size} of ${counts.size}"
}

internal fun List<Outcome>.asJson(): ArrayNode {
    val sampling = first { it.contender == SAMPLING }
    val rows = newArray()
    for (outcome in this) {
        val row = rows.addObject().put("contender", outcome.contender)
        val regret = Mean(outcome.trials.map { it.regret })
        val share = shares(outcome, sampling)
        row.put("regret", regret.value).put("regret_half_interval", regret.half)
        row.put("percent_of_sampling", share.value).put("percent_half_interval", share.half)
        val trials = row.putArray("trials")
        for (trial in outcome.trials) {
            val one = trials.addObject().put("regret", trial.regret).put("degraded_share", trial.degradedShare)
            one.put("degraded_needs", trial.degradedNeeds).put("coming_even", trial.comingEven).put("coming_half", trial.comingHalf)
            trial.regretByQuarter.forEach(one.putArray("regret_by_quarter")::add)
        }
    }
    return rows
}

private const val PERCENT = 100
