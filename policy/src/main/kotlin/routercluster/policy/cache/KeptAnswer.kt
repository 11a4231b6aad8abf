package routercluster.policy.cache

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import java.io.IOException
import java.time.Instant

/**
 * An answer that is kept to be given again.
 *
 * @property model the policy's name of the model that gave it
 * @property recipe where it was asked for, as [decision] is
 * @property cost what it cost, in the model's currency; null where nobody knows
 * @property askedAt when the request came that it answers; [keptAt] where nobody noted it
 * @property namespace whose answer it is, as stores see it; null where nobody noted it
 * @property category of the request; null where no head told it
 * @property conversation before the request, where another that is similar counts as the same
 * @property staleAt when its time is over, where it is given a while longer; null where its store ends it then
 */
class KeptAnswer(
    val answer: StorableAnswer,
    val model: String,
    val recipe: String,
    val decision: String,
    val keptAt: Instant,
    val cost: Double?,
    val askedAt: Instant = keptAt,
    val namespace: String? = null,
    val category: String? = null,
    val staleAt: Instant? = null,
    val conversation: String? = null,
) {
    /** The same, kept with the [conversation] before its request. */
    fun after(
        conversation: String,
    ) = KeptAnswer(answer, model, recipe, decision, keptAt, cost, askedAt, namespace, category, staleAt, conversation)

    /** As stores keep it. */
    fun toBytes(): ByteArray {
        val json = mapper.createObjectNode().put(FORMAT, FORMAT_NOW)
        json
            .put("text", answer.text)
            .put("named", answer.model)
            .put("model", model)
            .put("recipe", recipe)
            .put("decision", decision)
        json.put("kept_at", keptAt.toEpochMilli()).put("cost", cost)
        json.put("asked_at", askedAt.toEpochMilli()).put("namespace", namespace).put("category", category)
        staleAt?.let { json.put("stale_at", it.toEpochMilli()) }
        conversation?.let { json.put("conversation", it) }
        json.put("prompt_tokens", answer.promptTokens).put("completion_tokens", answer.completionTokens)
        return mapper.writeValueAsBytes(json)
    }

    companion object {
        private val mapper = ObjectMapper()
        private const val FORMAT = "format"
        private const val FORMAT_NOW = 1

        /** Null for what is none, or of a later format: it is as if it had not been kept. */
        fun fromBytes(bytes: ByteArray): KeptAnswer? =
            try {
                mapper.readTree(bytes)?.takeIf { it.path(FORMAT).intValue() == FORMAT_NOW }?.let(::read)
            } catch (_: IOException) {
                null
            }

        private fun read(json: JsonNode): KeptAnswer? {
            fun text(name: String) = json.path(name).textValue()
            val answer =
                StorableAnswer(text("text") ?: return null, text("named"), count(json, "prompt_tokens"), count(json, "completion_tokens"))
            val keptAt = json.path("kept_at").longValue()
            return KeptAnswer(
                answer,
                text("model") ?: return null,
                text("recipe") ?: return null,
                text("decision") ?: return null,
                Instant.ofEpochMilli(keptAt),
                json.get("cost")?.takeIf(JsonNode::isNumber)?.doubleValue(),
                Instant.ofEpochMilli(json.path("asked_at").asLong(keptAt)),
                text("namespace"),
                text("category"),
                count(json, "stale_at")?.let(Instant::ofEpochMilli),
                text("conversation"),
            )
        }

        private fun count(json: JsonNode, name: String): Long? = json.get(name)?.takeIf(JsonNode::isIntegralNumber)?.longValue()
    }
}
