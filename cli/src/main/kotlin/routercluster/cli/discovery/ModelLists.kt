package routercluster.cli.discovery

import com.fasterxml.jackson.databind.JsonNode

/** Billions of parameters assumed where a server does not tell. */
private const val UNKNOWN_STRENGTH = 7.0

/** Chat models only: an embedding model tells by its family or its name. */
internal fun ollamaModels(answer: JsonNode): List<FoundModel> =
    answer
        .path("models")
        .filterNot { "bert" in it.path("details").path("family").asText() || "embed" in it.path("name").asText() }
        .mapNotNull { model ->
            val name = model.path("name").asText().ifEmpty { null } ?: return@mapNotNull null
            FoundModel(name, billions(model.path("details").path("parameter_size").asText()))
        }

/** Every model of a list as OpenAI's API gives it, by the size in its name. */
internal fun listedModels(answer: JsonNode): List<FoundModel> =
    answer.path("data").mapNotNull { model ->
        val name = model.path("id").asText().ifEmpty { null } ?: return@mapNotNull null
        FoundModel(name, billions(name))
    }

/** The parameter count in a text such as `8.0B`, `560M` or `qwen3-30b-a3b`, in billions. */
internal fun billions(text: String): Double {
    val (number, unit) = Regex("""(?i)(?<![a-z0-9.])(\d{1,4}(?:\.\d{1,3})?)([bm])(?![a-z0-9])""").find(text)?.destructured
        ?: return UNKNOWN_STRENGTH
    return number.toDouble() / if (unit.lowercase() == "m") 1_000 else 1
}

private val gpt = Regex("""gpt-(\d{1,2}(?:\.\d{1,2})?)o?(-mini|-nano)?""")

/** What models are called that do not chat. */
private val otherWork = Regex("embed|rerank|whisper|tts|transcribe|moderation|dall-e|image|audio|realtime", RegexOption.IGNORE_CASE)

/**
 * Of OpenAI's many models the newest general one, and the newest small one beside it: `gpt-5.2` and `gpt-5-mini`, say. Dated
 * snapshots, previews and models for speech, images or code are passed over. A list without any of these is another service's
 * behind the same API, and all its models that chat are taken.
 */
internal fun openAiModels(answer: JsonNode): List<FoundModel> {
    val listed = answer.path("data").mapNotNull { gptModel(it) }.sortedWith(compareBy({ it.version }, { it.created }))
    val strong = listed.lastOrNull { it.size == "" }
    val small = listed.lastOrNull { it.size == "-mini" } ?: listed.lastOrNull { it.size == "-nano" }
    return pair(small?.id, strong?.id).ifEmpty { listedModels(answer).filterNot { otherWork.containsMatchIn(it.name) } }
}

private class GptModel(val id: String, val version: Double, val size: String, val created: Long)

private fun gptModel(model: JsonNode): GptModel? {
    val id = model.path("id").asText()
    val (version, size) = gpt.matchEntire(id)?.destructured ?: return null
    return GptModel(id, version.toDouble(), size, model.path("created").asLong())
}

/** Anthropic's newest small model and its newest middle one; its largest where the key may use no other. */
internal fun anthropicModels(answer: JsonNode): List<FoundModel> {
    val newestFirst =
        answer
            .path("data")
            .sortedByDescending { it.path("created_at").asText() }
            .map { it.path("id").asText() }
            .filter { it.startsWith("claude-") }
    val strong = listOf("sonnet", "opus").firstNotNullOfOrNull { family -> newestFirst.firstOrNull { family in it } }
    return pair(newestFirst.firstOrNull { "haiku" in it }, strong)
}

private fun pair(small: String?, strong: String?): List<FoundModel> =
    listOfNotNull(small?.let { FoundModel(it, SMALL_STRENGTH) }, strong?.let { FoundModel(it, LARGE_STRENGTH) })

/** Of a service's models, whose sizes nobody tells; see [FoundModel.strength]. */
internal const val SMALL_STRENGTH = 100.0
internal const val LARGE_STRENGTH = 1_000.0
