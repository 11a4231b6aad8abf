package routercluster.gateway.classify

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.Recipe
import routercluster.policy.decisions.Evidence
import routercluster.policy.decisions.Matches
import routercluster.policy.decisions.Truth
import routercluster.policy.decisions.explain
import routercluster.policy.record.toJson
import routercluster.policy.request.BadRequest
import routercluster.policy.request.Facts
import routercluster.policy.routing.Action
import routercluster.policy.routing.Plan
import routercluster.policy.routing.Target
import routercluster.policy.routing.begin
import routercluster.policy.routing.resolve
import routercluster.policy.signals.Reading
import kotlin.random.Random

/** How the policy in force decides a text or chat request, signal by signal. Nothing is sent, and no decision record is kept. */
internal suspend fun evaluateRequest(call: ApiCall): ObjectNode {
    val chat = chatIn(call)
    val facts = Facts(chat.messages, chat.toolCount, chat.metadata, languages = call.snapshot.languages)
    val options = call.body.section("options")
    val everything = options.flag("evaluate_all_signals") ?: true
    val traces = options.flag("trace") ?: true
    call.body.close()
    if (!call.body.has("text") && facts.userText.isNotEmpty()) call.body.count(facts.userText, "messages")
    val target = call.policy.resolve(chat.model)
    if (target is Target.Unknown) throw BadRequest(target.refusal.status, target.refusal.code, target.refusal.message, "model")
    val plan = call.settle(call.policy.begin(target, facts, Random(SEED), everything))
    val json = obj().put("original_text", facts.userText).put("requested_model", chat.model).put("recipe", plan.recipe)
    val recipe = plan.recipe?.let { call.policy.recipes[it] }
    if (recipe == null) json.putNull("decision_result") else json.addDecision(plan, recipe, traces)
    json.addSelection(plan)
    json.addSignals(plan)
    return call.timed(json)
}

private fun ObjectNode.addDecision(plan: Plan, recipe: Recipe, traces: Boolean) {
    val readings = plan.readings.toMap()
    val evidence = Evidence(recipe.signals.map { readings[it.ref] })
    val matches = Matches(recipe, evidence)
    val explanations = explain(recipe, evidence)
    val decision = plan.decision
    if (decision == null) {
        putNull("decision_result")
    } else {
        val result = putObject("decision_result").put("decision_name", decision.name).put("confidence", plan.confidence)
        result.put("algorithm", decision.written.algorithm)
        result.putArray("plugins").apply { decision.written.plugins.forEach(::add) }
        val used = recipe.engine.signalsOf(decision).map { recipe.signals[it].ref }
        result.names("used_signals", used.groupBy({ it.type }, { it.name }))
        result.names("matched_signals", matches.byType)
        val missed = recipe.signals.map { it.ref }.filter { it in readings && !matches.has(it.type, it.name) }
        result.names("unmatched_signals", missed.groupBy({ it.type }, { it.name }))
    }
    if (!traces) return
    val trace = putArray("eval_trace")
    explanations.forEach {
        trace
            .addObject()
            .put("decision_name", it.verdict.decision)
            .put("matched", it.verdict.truth == Truth.TRUE)
            .put(
                "truth",
                it.verdict.truth.name
                    .lowercase(),
            ).put("confidence", it.verdict.confidence)
            .put("picked", it.picked)
            .put("reason", it.reason)
    }
    val projected = recipe.engine.trace(evidence)
    if (!projected.isEmpty) set<JsonNode>("projections", projected.toJson())
}

/** Types that probe files of vLLM Semantic Router call otherwise than conditions do. */
private val plurals = mapOf("keyword" to "keywords", "embedding" to "embeddings", "domain" to "domains", "preference" to "preferences")

private fun ObjectNode.names(field: String, names: Map<String, List<String>>) {
    val types = putObject(field)
    names.forEach { (type, its) -> types.putArray(plurals[type] ?: type).apply { its.forEach(::add) } }
}

private fun ObjectNode.addSelection(plan: Plan) {
    val action = plan.action
    val ranked = (action as? Action.Forward)?.ranked.orEmpty()
    putArray("recommended_models").apply { ranked.map { it.candidate.model.name }.distinct().forEach(::add) }
    put(
        "selected_model",
        ranked
            .firstOrNull()
            ?.candidate
            ?.model
            ?.name,
    )
    val status =
        when (action) {
            is Action.Forward -> "selected"
            is Action.Answer -> "answered"
            is Action.Refuse -> "refused"
        }
    put("selection_status", status)
    put("selection_method", plan.decision?.algorithm)
    val reason =
        when (action) {
            is Action.Forward -> ranked.first().reason
            is Action.Answer -> "the decision's own answer; no model is called"
            is Action.Refuse -> action.message
        }
    put("selection_reason", reason)
}

private fun ObjectNode.addSignals(plan: Plan) {
    val families = putObject("metrics")
    plan.readings.groupBy { it.first.type }.forEach { (type, its) ->
        families
            .putObject(type)
            .put("read", its.size)
            .put("matched", its.count { (it.second as? Reading.Seen)?.matched == true })
            .put("failed", its.count { it.second is Reading.Failed })
    }
    val confidences = putObject("signal_confidences")
    val values = putObject("signal_values")
    val errors = putObject("signal_errors")
    plan.readings.forEach { (ref, reading) ->
        when (reading) {
            is Reading.Failed -> {
                errors.put("$ref", reading.reason)
            }

            is Reading.Seen -> {
                if (reading.matched) confidences.put("$ref", reading.confidence)
                reading.value?.takeIf { it.isFinite() }?.let { values.put("$ref", it) }
            }
        }
    }
}
