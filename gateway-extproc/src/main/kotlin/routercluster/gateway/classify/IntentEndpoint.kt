package routercluster.gateway.classify

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.classify.Questions
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.toJson
import routercluster.policy.request.BadRequest
import routercluster.policy.request.ChatBody
import routercluster.policy.request.Facts
import routercluster.policy.request.Role
import routercluster.policy.request.parseChat
import routercluster.policy.routing.Action
import routercluster.policy.routing.Plan
import routercluster.policy.routing.Target
import routercluster.policy.routing.begin
import routercluster.policy.routing.resolve
import routercluster.policy.signals.Reading
import java.time.Instant
import kotlin.random.Random

/** What a text, or a chat request, is about, and where routing would send it. Nothing is sent, and no decision record is kept. */
internal suspend fun classifyIntent(call: ApiCall): ObjectNode {
    val chat = chatIn(call)
    val facts = Facts(chat.messages, chat.toolCount, chat.metadata, languages = call.snapshot.languages)
    val options = call.body.section("options")
    val everything = options.flag("evaluate_all_signals") ?: false
    val explains = options.flag("include_explanation") ?: false
    val traces = options.flag("trace") ?: false
    val task = TaskType.INTENT.task(call.judges, options)
    call.body.close()
    if (facts.userText.isEmpty()) throw BadRequest(422, "no_user_text", "`messages` has no text of a user.", "messages")
    if (!call.body.has("text")) call.body.count(facts.userText, "messages")
    val target = call.policy.resolve(chat.model)
    if (target is Target.Unknown) throw BadRequest(target.refusal.status, target.refusal.code, target.refusal.message, "model")

    val questions = Questions(call.policy.catalog)
    val asked = task.ask(questions, facts.userText)
    val shown = asked(call.read(questions.passages)).json
    val plan = call.settle(call.policy.begin(target, facts, Random(SEED), everything))
    val record = DecisionRecord.of("", Instant.EPOCH, plan).toJson()
    // What only a record has that is kept.
    record.remove(listOf("id", "time", "usage"))
    val json = obj()
    json.putObject("classification").apply {
        listOf("category", "confidence", "entropy", "abstained").forEach { set<JsonNode>(it, shown[it]) }
    }
    listOf("probabilities", "coverage").forEach { field -> shown[field]?.let { json.set<JsonNode>(field, it) } }
    json.addRouting(plan)
    if (explains) json.set<JsonNode>("decisions", record["decisions"])
    if (traces) json.set<JsonNode>("trace", record)
    return call.timed(json)
}

/** The call as a chat request; a `text` is what a user alone says. */
internal fun chatIn(call: ApiCall): ChatBody {
    val body = call.body
    val chat = obj().put("model", body.name("model") ?: call.policy.autoNames.first())
    if (body.has("text") == body.has("messages")) throw BadRequest(400, "missing_field", "Either `text` or `messages` is required.", "text")
    if (body.has("text")) {
        chat
            .putArray("messages")
            .addObject()
            .put("role", Role.USER.name.lowercase())
            .put("content", body.text("text"))
    }
    CHAT_FIELDS.forEach { field -> body.node(field)?.let { chat.set<JsonNode>(field, it) } }
    LISTS.forEach { field -> if (chat[field]?.isArray == false) throw ApiBody.wrongType(field, "a list") }
    return parseChat(chat.toString().toByteArray(), call.policy.gateway.limits)
}

private val CHAT_FIELDS = listOf("messages", "tools", "functions", "tool_choice", "response_format", "max_tokens", "metadata")

/** Looked at for their number alone. */
private val LISTS = listOf("tools", "functions")

/** Routing by chance is shown as it would be for one request. */
internal const val SEED = 0

private fun ObjectNode.addRouting(plan: Plan) {
    val action = plan.action
    put("recommended_model", (action as? Action.Forward)?.first?.model?.name)
    put("routing_decision", plan.decision?.name)
    val matched = plan.readings.filter { (_, reading) -> reading is Reading.Seen && reading.matched }.map { it.first }
    val decision = plan.decision
    if (decision == null) {
        putNull("decision_result")
    } else {
        val result = putObject("decision_result").put("decision_name", decision.name).put("confidence", plan.confidence)
        result.putArray("matched_rules").apply { matched.forEach { add("$it") } }
    }
    val families = putObject("matched_signals")
    matched.groupBy({ it.type }, { it.name }).forEach { (type, names) -> families.putArray(type).apply { names.forEach(::add) } }
    val errors = putObject("signal_errors")
    plan.readings.forEach { (signal, reading) -> if (reading is Reading.Failed) errors.put("$signal", reading.reason) }
    if (action is Action.Refuse) putObject("refusal").put("status", action.status).put("code", action.code).put("message", action.message)
}
