package routercluster.cli.cache

import com.fasterxml.jackson.databind.JsonNode
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import routercluster.cli.Command
import routercluster.cli.RunningRouter
import routercluster.cli.json
import routercluster.cli.newObject
import routercluster.cli.pretty

/** `router cache invalidate`: some answers are not given again. */
internal class CacheInvalidate :
    Command(
        "invalidate",
        "Have the answers that the options mean not be given again, on any node. Without --yes it says how many that are, and changes nothing.",
        listOf("router cache invalidate --decision faq", "router cache invalidate --scope user --tenant acme --user ann --yes"),
    ) {
    private val entries by EntryOptions()
    private val yes by option("--yes").flag().help("do it")
    private val json by option("--json").flag().help("print JSON")
    private val running by RunningRouter()

    override fun run() {
        val said = entries.said
        if (said.isEmpty()) throw UsageError("say which answers are meant; `router cache flush` means all")
        val body = newObject().put("dry_run", !yes)
        said.forEach { (name, value) -> body.withObject("/filter").put(name, value) }
        echo(done(running.post("$CACHE/invalidate", "$body", ABSENT).json(), json, yes))
    }
}

/** `router cache flush`: no answer that is kept is given again. */
internal class CacheFlush :
    Command(
        "flush",
        "Have no answer that is kept now be given again, on any node. Without --yes it says how many that are, and changes nothing.",
        listOf("router cache flush", "router cache flush --yes"),
    ) {
    private val yes by option("--yes").flag().help("do it")
    private val json by option("--json").flag().help("print JSON")
    private val running by RunningRouter()

    override fun run() {
        val body = newObject().put("dry_run", !yes)
        echo(done(running.post("$CACHE/flush", "$body", ABSENT).json(), json, yes))
    }
}

private fun done(told: JsonNode, json: Boolean, isDone: Boolean): String {
    if (json) return pretty(told)
    val entries = told.path("entries")
    val semantic =
        entries.path("semantic").takeIf(JsonNode::isNumber)?.let { "${it.asLong()} of the store" } ?: "the store's are not counted"
    val what = "${entries.path("exact").asLong()} answers of this node, $semantic"
    val line = told.path("line")
    return if (isDone) {
        "$what: not given again. Audit line ${line.path("number").asLong()}, hash ${line.path("hash").asText()}"
    } else {
        "$what. Nothing was changed; --yes does it."
    }
}
