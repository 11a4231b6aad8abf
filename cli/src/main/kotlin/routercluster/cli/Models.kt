package routercluster.cli

import com.fasterxml.jackson.databind.JsonNode
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.policy.Policy
import routercluster.policy.models.Model
import kotlin.math.roundToLong

/** `router models`: the models of a policy file, or of the running router. */
class Models(private val load: LoadPolicy) :
    Command(
        "models",
        "List the models of a policy file or of the running router, with their upstreams, or what was learnt of them.",
        listOf("router models --config router.yaml", "router models --json", "router models --stats"),
    ) {
    private val config by option("--config", envvar = "ROUTER_CONFIG").path().help("policy file; without it the running router is asked")
    private val stats by option("--stats").flag().help("what the running router has learnt of each model, decision by decision")
    private val running by RunningRouter()
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        if (stats) return echo(learnt())
        echo(config?.let { ofPolicy(load.fromFile(it)) } ?: ofRunning())
    }

    private fun ofPolicy(policy: Policy): String {
        if (json) return pretty(newArray().apply { policy.models.values.forEach { add(describe(it, policy)) } })
        val rows = policy.models.values.map { listOf(it.name, mark(it, policy), hosts(it), price(it)) }
        return table(listOf("MODEL", "", "UPSTREAMS", "PER MILLION TOKENS"), rows)
    }

    private fun learnt(): String {
        val answer = parseJson(running.get("/selection").body) ?: throw Failure("what the running router has learnt is not JSON")
        if (json) return pretty(answer)
        val rows = answer.path("decisions").flatMap { decision -> decision.path("models").map { row(decision, it) } }
        if (rows.isEmpty()) return "no decision has models to choose between"
        return table(listOf("DECISION", "MODEL", "ATTEMPTS", "GOOD", "FIRST BYTE", "VERDICTS", "GOOD", ""), rows)
    }

    private fun row(decision: JsonNode, model: JsonNode): List<String> {
        val attempts = model.path("last_15_minutes")
        val verdicts = model.path("last_30_days")
        val judged = listOf("good_fit", "underpowered", "failed").sumOf { verdicts.path(it).asDouble() }
        return listOf(
            "${decision.path("recipe").asText()}/${decision.path("decision").asText()}",
            model.path("model").asText(),
            attempts.path("attempts").asText(),
            percent(attempts.path("success_share")),
            attempts.path("first_byte_p50_ms").let { if (it.isNumber) "${it.asDouble().roundToLong()} ms" else "-" },
            "${(judged * 10).roundToLong() / 10.0}",
            percent(verdicts.path("good_share")),
            model.path("frozen").let { if (it.isTextual) "frozen: ${it.asText()}" else "" },
        )
    }

    private fun percent(share: JsonNode): String = if (share.isNumber) "${(share.asDouble() * 1_000).roundToLong() / 10.0} %" else "-"

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
