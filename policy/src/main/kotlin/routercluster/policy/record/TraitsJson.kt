package routercluster.policy.record

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.selectors.ArmNote
import routercluster.policy.selectors.Need
import routercluster.policy.selectors.SessionFacts
import routercluster.policy.selectors.Traits
import java.time.Duration

private val nodes = JsonNodeFactory.instance

internal fun numbers(values: Map<String, Double>): ObjectNode =
    nodes.objectNode().apply { values.forEach { (name, value) -> put(name, value.takeIf(Double::isFinite)) } }

/** Null where the selector needed to know nothing. The length of the text is among what is told of the request. */
internal fun Traits.toJson(): ObjectNode? {
    val json = nodes.objectNode()
    domains?.let { json.set<ObjectNode>("domains", numbers(it)) }
    complexity?.let { json.put("complexity", it) }
    promptTokens?.let { json.put("prompt_tokens", it) }
    moneyLeft?.let { json.put("money_left", it) }
    session?.let { json.set<ObjectNode>("session", it.toJson()) }
    json.put(noted)
    arm?.let { json.set<ObjectNode>("experiment", it.toJson()) }
    json.put(lacks)
    halves?.let { both -> json.putArray("halves").addAll(both.map { it.toHalfJson() }) }
    return json.takeUnless { it.isEmpty }
}

/** What of a half is not as of the whole. */
private fun Traits.toHalfJson(): ObjectNode {
    val json = nodes.objectNode().put("text_length", textLength)
    domains?.let { json.set<ObjectNode>("domains", numbers(it)) }
    complexity?.let { json.put("complexity", it) }
    json.put(noted)
    json.put(lacks)
    return json
}

@JvmName("putNoted")
private fun ObjectNode.put(noted: Map<String, Map<String, Double>>) {
    if (noted.isEmpty()) return
    val derived = putObject("derived")
    noted.forEach { (name, values) -> derived.set<ObjectNode>(name, numbers(values)) }
}

private fun ObjectNode.put(lacks: Map<Need, String>) {
    if (lacks.isEmpty()) return
    val lacking = putObject("lacks")
    lacks.forEach { (need, reason) -> lacking.put(need.key, reason) }
}

private fun ArmNote.toJson(): ObjectNode =
    nodes
        .objectNode()
        .put("name", experiment)
        .put("arm", arm)
        .put("unit", unit)
        .set("shares", numbers(shares))

private fun SessionFacts.toJson(): ObjectNode {
    val json = nodes.objectNode().put("turns", turns)
    model?.let { json.put("model", it) }
    sinceLast?.let { json.put("since_last_ms", it.toMillis()) }
    json.put("tool_loop_open", toolLoopOpen).put("bound", isBound).put("switches", switches)
    reuse?.let { json.put("reuse", it) }
    return json
}

/** @param textLength of the newest user message, in UTF-16 units */
internal fun traits(json: Fields?, textLength: Int): Traits {
    if (json == null) return Traits(textLength = textLength)
    return Traits(
        domains = json.domains(),
        complexity = json.numberOrNull("complexity"),
        promptTokens = json.intOrNull("prompt_tokens"),
        textLength = textLength,
        session = json.inner("session")?.let(::session),
        lacks = json.lacks(),
        noted = json.noted(),
        arm = json.inner("experiment")?.let { ArmNote(it.text("name"), it.text("arm"), it.text("unit"), it.numbers("shares")) },
        moneyLeft = json.numberOrNull("money_left"),
        halves = json.list("halves", ::half).ifEmpty { null },
    )
}

private fun half(json: Fields) =
    Traits.Half(null, json.domains(), json.numberOrNull("complexity"), json.int("text_length"), json.lacks(), json.noted())

private fun Fields.domains(): Map<String, Double>? = inner("domains")?.let { numbers("domains") }

private fun Fields.lacks(): Map<Need, String> {
    val lacks = inner("lacks")
    return Need.entries.mapNotNull { need -> lacks?.textOrNull(need.key)?.let { need to it } }.toMap()
}

private fun Fields.noted(): Map<String, Map<String, Double>> {
    val derived = inner("derived")
    return derived?.names()?.associateWith(derived::numbers).orEmpty()
}

private fun session(json: Fields) =
    SessionFacts(
        turns = json.int("turns"),
        model = json.textOrNull("model"),
        sinceLast = json.longOrNull("since_last_ms")?.let(Duration::ofMillis),
        toolLoopOpen = json.flag("tool_loop_open"),
        isBound = json.flag("bound"),
        switches = json.int("switches"),
        reuse = json.numberOrNull("reuse"),
    )
