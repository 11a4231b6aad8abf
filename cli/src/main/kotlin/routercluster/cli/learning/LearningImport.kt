package routercluster.cli.learning

import com.fasterxml.jackson.databind.JsonNode
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.required
import com.github.ajalt.clikt.parameters.types.choice
import com.github.ajalt.clikt.parameters.types.double
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.RunningRouter
import routercluster.cli.json
import routercluster.cli.pretty
import routercluster.cli.readText
import routercluster.cli.table
import java.time.Duration
import kotlin.math.roundToLong

/** `router learning import`. */
internal class LearningImport :
    Command(
        "import",
        "Have the running router take over what was learnt elsewhere. A file that cannot be used changes nothing.",
        listOf(
            "router learning import learnt.json --mode merge --dry-run",
            "router learning import seed.json --mode prior --weight 20",
            "router learning import backup.json --mode replace",
        ),
    ) {
    private val file by argument("FILE").path()
    private val mode by option("--mode")
        .choice("replace", "merge", "prior")
        .required()
        .help("in place of what is known, added to it, or as known beforehand with a bounded weight")
    private val weight by option("--weight", metavar = "N").double().help("verdicts that a prior counts as, at most; default 20")
    private val dryRun by option("--dry-run").flag().help("say what would change, and change nothing")
    private val json by option("--json").flag().help("print JSON")
    private val running by RunningRouter()

    override fun run() {
        if (weight != null && mode != "prior") throw UsageError("--weight is for --mode prior")
        val query = listOfNotNull("mode=$mode", weight?.let { "weight=$it" }, "dry_run=true".takeIf { dryRun }).joinToString("&")
        val reply = running.post(
            "/learning?$query",
            readText(file),
            absent = "that router takes no learnt state: it is an older one",
            TIMEOUT,
        )
        val report = reply.json()
        echo(if (json) pretty(report) else told(report))
    }

    private fun told(report: JsonNode): String {
        val notes = mutableListOf<String>()
        if (report.path("file_policy_revision").asText() != report.path("policy_revision").asText()) {
            notes += "note: the file was written under another policy"
        }
        val rows = report.path("decisions").flatMap { decision ->
            val name = "${decision.path("recipe").asText()}/${decision.path("decision").asText()}"
            val state = decision.path("state").asText()
            when (state) {
                "unknown_decision" -> notes += "$name: the policy has no such decision, so it is left out"
                "changed", "would_change" -> Unit
                else -> notes += "$name: ${state.replace('_', ' ')}"
            }
            decision.path("unknown_models").forEach { notes += "$name: ${it.asText()} is no candidate, so it is left out" }
            decision.path("models").map { listOf(name, it.path("model").asText(), summary(it.path("before")), summary(it.path("after"))) }
        }
        val changes = if (rows.isEmpty()) "nothing changes" else table(listOf("DECISION", "MODEL", "BEFORE", "AFTER"), rows)
        val done = if (dryRun) "Nothing was changed: this is what would change." else "Kept."
        return (listOf(changes) + notes + done).joinToString("\n")
    }

    private fun summary(known: JsonNode): String {
        val figure = { name: String -> "${(known.path(name).asDouble() * 10).roundToLong() / 10.0}" }
        return "${figure(
            "good",
        )} good, ${figure("bad")} bad, ${figure("comparisons")} compared, ${known.path("attempts").asLong()} attempts"
    }

    private companion object {
        /** Each part is durable before the next goes out. */
        val TIMEOUT: Duration = Duration.ofMinutes(2)
    }
}
