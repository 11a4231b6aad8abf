package routercluster.cli.serve

import routercluster.cli.discovery.SIMULATED_MODELS
import routercluster.cli.version
import routercluster.policy.Policy
import routercluster.policy.catalog.EncoderSettings

/** Lines of one kind that a banner shows before it says how many more there are. */
private const val LINES_MAX = 12

/** What was loaded and which ports are open, as a short tree. [source] says where the policy came from. */
fun banner(policy: Policy, source: String, host: String, running: Running): String =
    buildString {
        append("RouterCluster ").append(version).append('\n')
        append("├─ policy     ")
            .append(source)
            .append(", revision ")
            .append(policy.shortRevision)
            .append('\n')
        branch("models", policy.models.values.map { model -> listOf(model.name, model.upstreams.joinToString { "${it.host}:${it.port}" }) })
        policy.recipes.values.forEach { recipe ->
            val title = if (recipe.name == Policy.DEFAULT_RECIPE) "decisions" else "decisions of ${recipe.name}"
            branch(
                title,
                recipe.decisions.map { decision ->
                    val models = decision.candidates.ifEmpty { null }?.joinToString { it.model.name } ?: policy.defaultModel.name
                    listOf(decision.name, "priority ${decision.priority}", models)
                },
            )
        }
        if (policy.isLearned) {
            branch(
                "encoders",
                policy.catalog.encoders.values
                    .map(::encoder) + services(policy),
            )
        }
        running.clusterAddress?.let { append("├─ node       ").append(it).append(", joins when the cluster lets it in\n") }
        append("└─ open       ")
        if (running.port != 0) {
            append("http://$host:${running.port}/v1, ask for model \"${askFor(policy)}\"\n")
            append("              ExtProc $host:${running.extProcPort}, ")
        }
        append("admin http://127.0.0.1:${running.adminPort}")
    }

private fun encoder(settings: EncoderSettings): List<String> {
    val providers = settings.providers.joinToString(", then ") { it.name.lowercase() }
    return listOf(settings.name, settings.folder ?: "of this program", providers)
}

/** Services and language models that are asked, with where they are. */
private fun services(policy: Policy): List<List<String>> =
    policy.services.map { listOf(it, policy.catalog.addressOf(it).orEmpty(), "service") }

/** The shortest name that asks for routing; a policy without one can still serve its default model. */
internal fun askFor(policy: Policy): String = policy.autoNames.minByOrNull { it.length } ?: policy.defaultModel.name

/** What is said where no model was in reach: plainly that these are not real, what to do about it, and a line to try. */
fun simulationNotice(host: String, port: Int, auto: String): String =
    """
    |
    |No OPENAI_API_KEY, no ANTHROPIC_API_KEY and no Ollama or vLLM on its usual port: ${SIMULATED_MODELS.joinToString(" and ")} are
    |SIMULATED and answer with made-up text. The routing is real. Set a key, or start a model server, and start again.
    """.trimMargin() + "\n" + tryLine(host, port, auto)

/** A command line that gets a routed answer. */
fun tryLine(host: String, port: Int, auto: String): String =
    """
    |
    |Try it (-i shows which model and decision it was):
    |  curl -i http://$host:$port/v1/chat/completions -H 'content-type: application/json' -d '{"model":"$auto","messages":[{"role":"user","content":"Write a function that adds two numbers"}]}'
    """.trimMargin()

private fun StringBuilder.branch(title: String, rows: List<List<String>>) {
    append("├─ ").append(title.padEnd(11)).append(rows.size).append('\n')
    val shown = rows.take(LINES_MAX)
    val widths = List(shown.firstOrNull()?.size ?: 0) { column -> shown.maxOf { it[column].length } }
    shown.forEach { row ->
        append("│    ").append(row.mapIndexed { column, cell -> cell.padEnd(widths[column]) }.joinToString("  ").trimEnd()).append('\n')
    }
    if (rows.size > LINES_MAX) append("│    … and ").append(rows.size - LINES_MAX).append(" more\n")
}
