package routercluster.cli

import com.fasterxml.jackson.databind.JsonNode
import com.github.ajalt.clikt.parameters.options.convert
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.policy.Policy
import routercluster.policy.models.Model
import routercluster.policy.models.Pricing
import java.net.URI
import java.time.Duration

/** `router models`: the models of a policy file, or the names that a running router answers to. */
class Models(private val load: LoadPolicy) :
    Command(
        "models",
        "List the models of a policy file, or the names a running router answers to.",
        listOf("router models --config router.yaml", "router models --json"),
    ) {
    private val config by option("--config", envvar = "ROUTER_CONFIG").path().help("policy file; without it the running router is asked")
    private val url by option("--url", envvar = "ROUTER_URL", metavar = "URL")
        .help("where the running router's HTTP door is; default http://127.0.0.1:8899")
        .convert { serverAddress(it) ?: fail("$it is not an address such as http://127.0.0.1:8899") }
        .default(URI("http://127.0.0.1:8899"))
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        echo(config?.let { ofPolicy(load.fromFile(it)) } ?: ofRunning())
    }

    private fun ofPolicy(policy: Policy): String {
        val models = policy.models.values
        if (json) return pretty(newArray().apply { models.forEach { add(describe(it, it === policy.defaultModel)) } })
        val rows = models.map {
            listOf(
                it.name,
                if (it.name ==
                    policy.defaultModel.name
                ) {
                    "default"
                } else {
                    ""
                },
                it.upstreams.joinToString { up -> "${up.host}:${up.port}" },
                price(it.pricing),
            )
        }
        return table(listOf("MODEL", "", "UPSTREAMS", "PER MILLION TOKENS"), rows)
    }

    private fun ofRunning(): String {
        val answer = succeed(call(URI("$url/v1/models"), Duration.ofSeconds(5)), url, "$url/v1/models: not found; is this a router?")
        val list =
            parseJson(answer.body)?.path("data")?.takeIf { it.isArray }
                ?: throw Failure("$url/v1/models: the answer is not a list of models")
        if (json) return pretty(list)
        return table(listOf("NAME", "OWNER"), list.map { listOf(it.path("id").asText(), it.path("owned_by").asText()) })
    }
}

private fun describe(model: Model, default: Boolean): JsonNode =
    newObject().apply {
        put("name", model.name)
        put("default", default)
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

private fun price(pricing: Pricing?): String =
    pricing?.let { "${it.promptPerMillion} in, ${it.completionPerMillion} out ${it.currency}" }.orEmpty()
