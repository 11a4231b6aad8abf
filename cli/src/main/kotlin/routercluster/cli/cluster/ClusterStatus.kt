package routercluster.cli.cluster

import com.fasterxml.jackson.databind.JsonNode
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import routercluster.cli.Command
import routercluster.cli.RunningRouter
import routercluster.cli.json
import routercluster.cli.pretty
import routercluster.cli.table

/** `router cluster status`: the cluster as one of its nodes sees it. */
class ClusterStatus :
    Command(
        "status",
        "Show the nodes of the cluster as one of them sees it: roles, grains, and what each says of itself.",
        listOf("router cluster status", "router cluster status --admin http://127.0.0.1:8081 --json"),
    ) {
    private val running by RunningRouter()
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        val status = running.get("/cluster").json()
        echo(if (json) pretty(status) else clusterText(status))
    }
}

internal fun clusterText(status: JsonNode): String =
    buildString {
        val name = status.path("cluster").asText(null)
        append(if (name == null) "in no cluster" else "cluster $name, as ${status.path("self").asText()} sees it").append("\n\n")
        val nodes = status.path("nodes").toList()
        append(table(listOf("NODE", "STATUS", "ROLES", "VERSION", "SHARDS", "GRAINS"), nodes.map(::row)))
        nodes.forEach { node ->
            val facts = grains(node) + facts(node)
            if (facts.isEmpty()) return@forEach
            append("\n\n").append(node.path("address").asText())
            facts.forEach { (fact, value) -> append("\n  ").append(fact).append(": ").append(value) }
        }
    }

private fun row(node: JsonNode): List<String> {
    val grains = node.path("grains")
    return listOf(
        node.path("address").asText(),
        status(node),
        node.path("roles").joinToString(",") { it.asText() },
        node.path("version").asText(),
        if (node.path("reports").asBoolean()) "${grains.sumOf { it.path("shards").asInt() }}" else "?",
        if (node.path("reports").asBoolean()) "${grains.sumOf { it.path("awake").asInt() }}" else "?",
    )
}

private fun status(node: JsonNode): String {
    val status = node.path("status").asText()
    return if (node.path("reachable").asBoolean()) status else "$status, unreachable"
}

private fun grains(node: JsonNode): List<Pair<String, String>> =
    node.path("grains").properties().map { (kind, count) ->
        "$kind grains" to "${count.path("awake").asInt()} awake in ${count.path("shards").asInt()} shards"
    }

private fun facts(node: JsonNode): List<Pair<String, String>> = node.path("facts").properties().map { (name, value) ->
    name to
        value.asText()
}
