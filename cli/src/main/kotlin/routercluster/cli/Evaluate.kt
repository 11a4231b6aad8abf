package routercluster.cli

import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.multiple
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.required
import com.github.ajalt.clikt.parameters.types.long
import com.github.ajalt.clikt.parameters.types.path
import routercluster.policy.evaluation.ReplayLog
import routercluster.policy.evaluation.render
import routercluster.policy.evaluation.toHtml
import routercluster.policy.evaluation.toJson
import routercluster.policy.record.BadRecord
import routercluster.policy.record.DecisionRecord

/**
 * `router evaluate`: what policies would have come to on requests that another one routed. No model is called.
 *
 * @param read a decision record of one line; throws [BadRecord]
 */
class Evaluate(private val load: LoadPolicy, private val read: (line: String) -> DecisionRecord) :
    Command(
        "evaluate",
        "Estimate quality, cost and latency of policies from the log of another one, and say where the log does not tell.",
        listOf(
            "router replay export --out log.jsonl",
            "router evaluate --policy now.yaml --policy new.yaml --replay log.jsonl",
            "router evaluate --policy new.yaml --replay log.jsonl --html report.html --json",
        ),
    ) {
    private val policies by option(
        "--policy",
        metavar = "FILE",
    ).path().multiple(required = true).help("a policy; more are compared with the first")
    private val replay by option(
        "--replay",
        metavar = "FILE",
    ).path().required().help("decision records as `router replay export` writes them, as JSON lines or as Parquet")
    private val seed by option("--seed", metavar = "N").long().default(1).help("of the drawn intervals; default 1")
    private val html by option("--html", metavar = "FILE").path().help("also write a page with the cost–quality curve there")
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        val log = ReplayLog(policies.distinct().associate { "$it" to load.fromFile(it) })
        readRecords(replay, read, log::add)
        val evaluation = log.evaluate(seed)
        html?.let { writeText(it, evaluation.toHtml("Evaluation of ${policies.joinToString()} by $replay", log.notes())) }
        if (json) {
            val tree = evaluation.toJson().put("choices", log.size)
            log.excluded.forEach { (reason, count) -> tree.withObject("/left_out").put(reason, count) }
            echo(pretty(tree))
        } else {
            echo(log.notes().joinToString("\n") + "\n\n" + evaluation.render())
        }
    }
}
