package routercluster.cli

import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.help
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.policy.Policy
import java.nio.file.Files
import java.nio.file.Path

/**
 * `router replay`: decides a recorded request again and shows what differs.
 *
 * @param replay takes a decision record as JSON
 */
class Replay(private val load: LoadPolicy, private val replay: (record: String, policy: Policy) -> Explained) :
    Command(
        "replay",
        "Decide a recorded request again, by another policy if wanted, and show the difference.",
        listOf("router replay 4f0c… --policy new.yaml", "router replay record.json --policy new.yaml --json"),
    ) {
    private val record by argument("ID|FILE").help("request id known to the running router, or a file with a decision record")
    private val policy by option("--policy", envvar = "ROUTER_CONFIG").path().help("policy file to decide by")
    private val json by option("--json").flag().help("print JSON")
    private val running by RunningRouter()

    override fun run() {
        val proven = load.fromFile(policy ?: throw UsageError("give the policy file to decide by: --policy FILE, or set ROUTER_CONFIG"))
        val file = Path.of(record)
        val text = if (Files.isRegularFile(file)) readText(file) else decisionRecord(running, record)
        val explained = replay(text, proven)
        echo(if (json) explained.json else explained.text)
    }
}
