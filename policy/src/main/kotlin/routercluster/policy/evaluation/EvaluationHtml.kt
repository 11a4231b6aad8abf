package routercluster.policy.evaluation

import java.util.Locale

/**
 * The evaluation as one HTML page without scripts or references: the cost–quality curve, and the tables.
 *
 * @param title of the page
 * @param notes what was left out of the log and why, one a line
 */
fun Evaluation.toHtml(title: String, notes: List<String>): String =
    buildString {
        append(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>${escaped(
                title,
            )}</title><style>$STYLE</style></head>\n",
        )
        append("<body><h1>${escaped(title)}</h1>\n")
        notes.forEach { append("<p>${escaped(it)}</p>\n") }
        append(curve(this@toHtml))
        Metric.entries.forEach { append(tableOf(it)) }
        append("<h2>Differences</h2>\n")
        append(
            if (differences.isEmpty()) "<p>None can be told.</p>\n" else differences.joinToString("") { "<p>${escaped(it.words())}</p>\n" },
        )
        append("</body></html>\n")
    }

private const val STYLE =
    "body{font:14px sans-serif;max-width:60em;margin:2em auto}td,th{padding:.2em .8em;text-align:left}" +
        "svg{border:1px solid #ccc}text{font-size:12px}.refused{color:#888}"

private fun Evaluation.tableOf(metric: Metric): String =
    buildString {
        append("<h2>${metric.key} (${metric.unit})</h2>\n<table><tr><th>policy</th>")
        Estimator.entries.forEach { append("<th>${it.key}</th>") }
        append("<th>overlap</th></tr>\n")
        logged[metric]?.let {
            append(
                "<tr><td>the log itself</td><td colspan=\"${Estimator.entries.size}\">${shown(it)}</td><td></td></tr>\n",
            )
        }
        findings.filter { it.metric == metric }.forEach { finding ->
            val refusal = finding.overlap.refusal
            append(if (refusal == null) "<tr>" else "<tr class=\"refused\">")
            append("<td>${escaped(finding.policy)}</td>")
            Estimator.entries.forEach { estimator -> append("<td>${finding.estimates[estimator]?.let(::shown) ?: "-"}</td>") }
            append("<td>${escaped(finding.overlap.words() + refusal?.let { "; nothing can be concluded: $it" }.orEmpty())}</td></tr>\n")
        }
        append("</table>\n")
    }

/** A policy where both its cost and its quality can be concluded. */
private class Point(val name: String, val cost: Interval, val quality: Interval)

private fun points(evaluation: Evaluation): List<Point> {
    val policies = evaluation.findings
        .map { it.policy }
        .distinct()
        .mapNotNull { name ->
            val cost = evaluation.finding(name, Metric.COST)?.best
            val quality = evaluation.finding(name, Metric.QUALITY)?.best
            if (cost == null || quality == null) null else Point(name, cost, quality)
        }
    val cost = evaluation.logged[Metric.COST]
    val quality = evaluation.logged[Metric.QUALITY]
    return if (cost == null || quality == null) policies else policies + Point("the log itself", cost, quality)
}

/** Quality over cost, a point with both intervals for each policy, and a line through those that none beats in both. */
private fun curve(evaluation: Evaluation): String {
    val points = points(evaluation)
    if (points.isEmpty()) return "<p>No policy has both a cost and a quality that can be concluded, so there is no curve.</p>\n"
    val costMax = points.maxOf { it.cost.high }.takeIf { it > 0.0 } ?: 1.0
    val x = { cost: Double -> LEFT + cost.coerceAtLeast(0.0) / costMax * WIDTH }
    val y = { quality: Double -> TOP + (1 - quality.coerceIn(0.0, 1.0)) * HEIGHT }
    val front = points.sortedBy { it.cost.value }.fold(emptyList<Point>()) { best, point ->
        if (best.isEmpty() || point.quality.value > best.last().quality.value) best + point else best
    }
    return buildString {
        append("<h2>Quality over cost</h2>\n<svg width=\"${LEFT + WIDTH + MARGIN}\" height=\"${TOP + HEIGHT + MARGIN}\">\n")
        append(line(LEFT.toDouble(), y(0.0), LEFT.toDouble(), y(1.0)) + line(LEFT.toDouble(), y(0.0), x(costMax), y(0.0)))
        append("<text x=\"5\" y=\"${TOP + 5}\">1</text><text x=\"5\" y=\"${TOP + HEIGHT}\">0</text>")
        append("<text x=\"$LEFT\" y=\"${TOP + HEIGHT + 20}\">cost of a request, 0 to ${shown(costMax)}</text>\n")
        front.zipWithNext { from, to ->
            append(line(x(from.cost.value), y(from.quality.value), x(to.cost.value), y(to.quality.value), "#07c"))
        }
        points.forEach { point ->
            val at = y(point.quality.value)
            append(line(x(point.cost.low), at, x(point.cost.high), at))
            append(line(x(point.cost.value), y(point.quality.low), x(point.cost.value), y(point.quality.high)))
            append("<circle cx=\"${place(x(point.cost.value))}\" cy=\"${place(at)}\" r=\"4\"/>")
            append("<text x=\"${place(x(point.cost.value) + 6)}\" y=\"${place(at - 6)}\">${escaped(point.name)}</text>\n")
        }
        append("</svg>\n")
    }
}

private fun line(x1: Double, y1: Double, x2: Double, y2: Double, colour: String = "#888") =
    "<line x1=\"${place(x1)}\" y1=\"${place(y1)}\" x2=\"${place(x2)}\" y2=\"${place(y2)}\" stroke=\"$colour\"/>\n"

private fun place(value: Double): String = String.format(Locale.ROOT, "%.1f", value)

private fun escaped(text: String): String =
    text
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")

private const val LEFT = 30
private const val TOP = 15
private const val WIDTH = 700
private const val HEIGHT = 350
private const val MARGIN = 60
