package routercluster.cli

import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.help
import com.github.ajalt.clikt.parameters.arguments.optional
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.versions.DataFolder
import routercluster.cli.versions.OpenHistory
import routercluster.cli.versions.find
import routercluster.cli.versions.orFail
import routercluster.gateway.versions.PolicyHistory
import routercluster.policy.Policy
import routercluster.policy.versions.VersionLog
import java.nio.file.Files
import java.nio.file.Path

/**
 * `router replay`: decides a recorded request again and shows what differs.
 *
 * @param replay takes a decision record as JSON
 */
class Replay(
    private val load: LoadPolicy,
    private val open: OpenHistory = PolicyHistory::of,
    private val replay: (record: String, policy: Policy) -> Explained,
) : Command(
        "replay",
        "Decide a recorded request again, by another policy if wanted, and show the difference.",
        listOf(
            "router replay 4f0c… --policy new.yaml",
            "router replay 4f0c… --policy 9b2e77 --config router.yaml",
            "router replay record.json --policy new.yaml --json",
            "router replay export --out log.jsonl",
        ),
    ) {
    private val record by argument("ID|FILE").optional().help("request id known to the running router, or a file with a decision record")
    private val policy by option("--policy", metavar = "FILE|REVISION").help("policy file to decide by, or a version of --config's")
    private val config by option("--config", envvar = "ROUTER_CONFIG").path().help("policy file to decide by where --policy names none")
    private val data by DataFolder()
    private val json by option("--json").flag().help("print JSON")
    private val running by RunningRouter()

    override val invokeWithoutSubcommand = true

    override fun run() {
        if (currentContext.invokedSubcommand != null) return
        val record = record ?: throw UsageError("give the request id, or the file of a record")
        val proven = proven()
        val file = Path.of(record)
        val text = if (Files.isRegularFile(file)) readText(file) else decisionRecord(running, record)
        val explained = replay(text, proven)
        echo(if (json) explained.json else explained.text)
    }

    private fun proven(): Policy {
        val named =
            policy
                ?: return load.fromFile(
                    config ?: throw UsageError("give the policy file to decide by: --policy FILE, or set ROUTER_CONFIG"),
                )
        if (Files.exists(Path.of(named)) || !VersionLog.isRevision(named)) return load.fromFile(Path.of(named))
        val file =
            config ?: throw UsageError("--policy $named is a version: name the file that it is one of, with --config FILE or ROUTER_CONFIG")
        val history = open(file, data.path)
        return load.fromText(orFail { history.text(history.find(named)) }, "$file")
    }
}
