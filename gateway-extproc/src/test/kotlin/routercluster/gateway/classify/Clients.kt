package routercluster.gateway.classify

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.gateway.TestGateway
import routercluster.gateway.bundling
import routercluster.gateway.encode.EncoderOpener
import routercluster.gateway.policyText
import routercluster.gateway.policyWith
import routercluster.gateway.testHeads
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import java.util.concurrent.CopyOnWriteArrayList

private val mapper = ObjectMapper()

/** Heads for all that the API judges; each finds the labels that stand in a text. */
internal val apiHeads: Map<String, Head> =
    testHeads +
        mapOf(
            "pii" to Head(Task.TOKEN, listOf("PERSON", "EMAIL_ADDRESS")),
            "fact_check" to Head(Task.SEQ_CLS, listOf("needs_fact_check", "no_fact_check_needed")),
            "user_feedback" to Head(Task.SEQ_CLS, listOf("wrong_answer", "want_different", "need_clarification", "satisfied")),
            "nli" to Head(Task.NLI, listOf("entailment", "contradiction", "neutral")),
        )

/** A router whose encoder is scripted, and what opened of it. No model is behind it unless [port] says where. */
internal class ApiRouter(
    port: Int = 1,
    heads: Map<String, Head> = apiHeads,
    signals: String = "",
    decisions: Map<String, String> = emptyMap(),
    more: String = "",
    rewritten: (String) -> String = { it },
) : AutoCloseable {
    val opened = CopyOnWriteArrayList<ScriptedEncoder>()

    private val opener = EncoderOpener { settings -> ScriptedEncoder(settings.name, heads).also(opened::add) }
    val router =
        TestGateway(
            rewritten(policyText(port, decisions, signals = signals, more = more)),
            encoders = opener,
            load = { text, file -> policyWith(bundling(heads), text, file) },
        )

    /** The only encoder, which a first call has opened. */
    val encoder: ScriptedEncoder get() = opened.single()

    fun call(path: String, body: String) = router.call(path, body)

    override fun close() = router.close()
}

internal fun json(text: String): JsonNode = mapper.readTree(text)

/** What [wanted] has of this, at any depth: a field that is missing here is missing there. */
internal fun JsonNode.like(wanted: JsonNode): JsonNode {
    if (!wanted.isObject || !isObject) return this
    val part = mapper.createObjectNode()
    wanted.fieldNames().forEach { field -> get(field)?.let { part.set<JsonNode>(field, it.like(wanted[field])) } }
    return part
}
