package routercluster.cli

import com.fasterxml.jackson.databind.JsonNode
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.policy.Policy
import routercluster.policy.models.Model

/** `router models`: the models of a policy file, or of the running router. */
class Models(private val load: LoadPolicy) :
    Command(
        "models",
        "List the models of a policy file or of the running router, with their upstreams.",
        listOf("router models --config router.yaml", "router models --json"),
    ) {
    private val config by option("--config", envvar = "ROUTER_CONFIG").path().help("policy file; without it the running router is asked")
    private val running by RunningRouter()
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        echo(config?.let { ofPolicy(load.fromFile(it)) } ?: ofRunning())
    }

    private fun ofPolicy(policy: Policy): String {
        if (json) return pretty(newArray().apply { policy.models.values.forEach { add(describe(it, policy)) } })
        val rows = policy.models.values.map { listOf(it.name, mark(it, policy), hosts(it), price(it)) }
        return table(listOf("MODEL", "", "UPSTREAMS", "PER MILLION TOKENS"), rows)
    }

    private fun ofRunning(): String {
        val answer = parseJson(running.get("/models").body) ?: throw Failure("the running router's models are not JSON")
        return if (json) pretty(answer) else plainText(answer)
    }
}

private fun mark(model: Model, policy: Policy): String = if (model.name == policy.defaultModel.name) "default" else ""

private fun hosts(model: Model): String = model.upstreams.joinToString { "${it.host}:${it.port}" }

private fun describe(model: Model, policy: Policy): JsonNode =
    newObject().apply {
        put("name", model.name)
        put("default", model.name == policy.defaultModel.name)
        val upstreams = putArray("upstreams")
        model.upstreams.forEach {
            upstreams
                .addObject()
                .put("id", it.id)
                .put("host", it.host)
                .put("port", it.port)
                .put("model", it.model)
                .put("weight", it.weight)
        }
        model.pricing?.let {
            putObject("price_per_million")
                .put("currency", it.currency)
                .put("prompt", it.promptPerMillion)
                .put("completion", it.completionPerMillion)
        }
    }

private fun price(model: Model): String =
    model.pricing?.let { "${it.promptPerMillion} in, ${it.completionPerMillion} out ${it.currency}" }.orEmpty()
