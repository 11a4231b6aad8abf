package routercluster.policy.record

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.decisions.EncodeCall
import routercluster.policy.decisions.ModelSpent
import routercluster.policy.decisions.PassageNote
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.Spent
import routercluster.policy.signals.SignalRef
import java.time.Duration

/** Times are milliseconds with fractions. */
internal fun EncodeCall.toJson(): ObjectNode {
    val json = JsonNodeFactory.instance.objectNode()
    val refs = json.putArray("signals")
    signals.forEach { refs.addObject().put("type", it.type).put("name", it.name) }
    json
        .put("took_ms", millis(took))
        .put("waited_ms", millis(waited))
        .put("computed_ms", millis(computed))
        .put("batch", batch)
    json.put("failure", failure)
    json.putArray("passages").addAll(passages.map { it.toJson() })
    if (spent.isNotEmpty()) json.putArray("spent").addAll(spent.map { it.toJson() })
    return json
}

private fun ModelSpent.toJson(): ObjectNode =
    JsonNodeFactory.instance
        .objectNode()
        .put("model", model)
        .put("prompt_tokens", tokens.promptTokens)
        .put("completion_tokens", tokens.completionTokens)

private fun PassageNote.toJson(): ObjectNode {
    val json = JsonNodeFactory.instance.objectNode().put("characters", characters)
    val refs = json.putArray("heads")
    heads.forEach { refs.addObject().put("encoder", it.encoder).put("head", it.head) }
    coverage?.let {
        json.put("windows", it.windows).put("tokens", it.tokens)
        json.put("text_characters", it.characters).put("text_characters_read", it.charactersRead)
    }
    return json
}

internal fun encodeCall(json: Fields) =
    EncodeCall(
        signals = json.list("signals") { SignalRef(it.text("type"), it.text("name")) },
        passages = json.list("passages", ::passageNote),
        took = duration(json.number("took_ms")),
        batch = json.int("batch"),
        waited = duration(json.number("waited_ms")),
        computed = duration(json.number("computed_ms")),
        failure = json.textOrNull("failure"),
        spent = json.list("spent") { ModelSpent(it.text("model"), Spent(it.long("prompt_tokens"), it.long("completion_tokens"))) },
    )

private fun passageNote(json: Fields): PassageNote {
    val windows = json.intOrNull("windows")
    val coverage =
        windows?.let { Coverage(it, json.int("tokens"), json.int("text_characters_read"), json.int("text_characters")) }
    return PassageNote(json.int("characters"), json.list("heads") { HeadRef(it.text("encoder"), it.text("head")) }, coverage)
}

private const val NANOS_PER_MILLI = 1e6

internal fun millis(duration: Duration): Double = duration.toNanos() / NANOS_PER_MILLI

internal fun duration(millis: Double): Duration = Duration.ofNanos(Math.round(millis * NANOS_PER_MILLI))
