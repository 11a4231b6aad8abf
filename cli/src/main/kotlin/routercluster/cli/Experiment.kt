package routercluster.cli

import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.subcommands
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.required
import com.github.ajalt.clikt.parameters.types.path
import routercluster.policy.evaluation.ExperimentLog
import routercluster.policy.evaluation.render
import routercluster.policy.evaluation.toJson
import routercluster.policy.record.DecisionRecord

/** `router experiment`: decisions whose conversations are split among several ways to pick. */
fun experiment(read: (line: String) -> DecisionRecord): CoreCliktCommand = ExperimentGroup().subcommands(ExperimentResults(read))

private class ExperimentGroup : CoreCliktCommand("experiment") {
    override val printHelpOnEmptyArgs = true

    override fun help(context: Context) = "Experiments of a policy (gateway.learning.experiments): what they have shown."

    override fun helpEpilog(context: Context) = ExitStatus.HELP

    override fun run() = Unit
}

/** `router experiment report`. */
private class ExperimentResults(private val read: (line: String) -> DecisionRecord) :
    Command(
        "report",
        "Compare the arms of experiments with their first ones by a log, and say where it does not tell.",
        listOf(
            "router replay export --out log.jsonl",
            "router experiment report --replay log.jsonl",
            "router experiment report --replay log.jsonl --experiment cheaper-code --json",
        ),
    ) {
    private val replay by option("--replay", metavar = "FILE")
        .path()
        .required()
        .help(
            "decision records as `router replay export` writes them, as JSON lines or as Parquet, of one node or of several one after another",
        )
    private val name by option("--experiment", metavar = "NAME").help("only this one")
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        val log = ExperimentLog(name)
        readRecords(replay, read, log::add)
        val reports = log.reports()
        if (json) {
            val tree = newObject()
            reports.forEach { tree.withArray("/experiments").add(it.toJson()) }
            log.excluded.forEach { (reason, count) -> tree.withObject("/left_out").put(reason, count) }
            return echo(pretty(tree))
        }
        log.excluded.forEach { (reason, count) -> echo("${counted(count, "record")} left out: $reason.") }
        if (reports.isEmpty()) echo("No record was in an experiment: nothing can be concluded.")
        reports.forEach { echo("\n" + it.render().trimEnd()) }
    }
}
