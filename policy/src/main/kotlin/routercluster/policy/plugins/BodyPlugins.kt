package routercluster.policy.plugins

import routercluster.policy.Candidate
import routercluster.policy.request.BodyEdits
import routercluster.policy.request.ChatBody
import routercluster.policy.request.RawJson
import routercluster.policy.request.apply

/**
 * The body that [candidate]'s upstream gets.
 *
 * @param upstreamModel the name this upstream knows the model by
 * @param plugins those of the decision; the ones that do not concern the body are ignored
 * @param defaultEffort the effort word where the candidate has none of its own
 */
fun outgoingBody(body: ChatBody, candidate: Candidate, upstreamModel: String, plugins: List<Plugin>, defaultEffort: String): ByteArray =
    body.apply(outgoingEdits(body, candidate, upstreamModel, plugins, defaultEffort))

/** What [outgoingBody] changes, for a caller that has more to change. */
fun outgoingEdits(body: ChatBody, candidate: Candidate, upstreamModel: String, plugins: List<Plugin>, defaultEffort: String): BodyEdits {
    val outgoing = Outgoing(body, candidate, upstreamModel, plugins, defaultEffort)
    return bodySteps.fold(BodyEdits.NONE) { edits, step -> step(edits, outgoing) }
}

private class Outgoing(
    val body: ChatBody,
    val candidate: Candidate,
    val upstreamModel: String,
    val plugins: List<Plugin>,
    val defaultEffort: String,
)

/**
 * The one order in which bodies are edited. Parameters come first, so that `strip_unknown` and `blocked` act on what the client
 * sent and never on what the policy itself adds; the model's name comes last, so that nothing can take it away.
 */
private val bodySteps: List<(BodyEdits, Outgoing) -> BodyEdits> =
    listOf(
        ::requestParameters,
        ::systemPrompts,
        { edits, outgoing -> edits.withReasoning(outgoing.candidate, outgoing.defaultEffort) },
        { edits, outgoing -> edits.set("model", RawJson.of(outgoing.candidate.lora ?: outgoing.upstreamModel)) },
    )

private fun systemPrompts(edits: BodyEdits, outgoing: Outgoing): BodyEdits =
    outgoing.plugins.filterIsInstance<Plugin.SystemPrompt>().fold(edits) { before, plugin ->
        before.systemPrompt(plugin.prompt, plugin.mode)
    }

private fun requestParameters(edits: BodyEdits, outgoing: Outgoing): BodyEdits =
    outgoing.plugins.filterIsInstance<Plugin.RequestParams>().fold(edits) { before, plugin -> before.withParameters(plugin, outgoing.body) }

private fun BodyEdits.withParameters(plugin: Plugin.RequestParams, body: ChatBody): BodyEdits {
    val caps = listOf("max_tokens" to plugin.maxTokensLimit, "max_completion_tokens" to plugin.maxTokensLimit, "n" to plugin.maxN)
    val capped =
        caps.fold(this) { edits, (field, max) ->
            if (max != null && exceeds(body, field, max)) edits.set(field, RawJson.of(max)) else edits
        }
    val dropped = body.fields.keys.filter { it in plugin.blocked || (plugin.stripUnknown && it !in chatFields) }
    return dropped.filter { it !in BodyEdits.requiredFields }.fold(capped, BodyEdits::remove)
}

/**
 * Whether [field] is there and not plainly within 0..[max]. Upstreams may read `"9000"`, `true` or -1 (no limit at all, to some)
 * as numbers, so whatever is not null and not a number in the range counts as too much.
 */
private fun exceeds(body: ChatBody, field: String, max: Int): Boolean {
    val span = body.fields[field] ?: return false
    val text = String(body.bytes, span.start, minOf(span.end - span.start, NUMBER_LENGTH_MAX))
    if (text == "null") return false
    val number = if (text[0] == '-' || text[0].isDigit()) text.toDouble() else Double.NaN
    return !(number >= 0 && number <= max)
}

private const val NUMBER_LENGTH_MAX = 1_000

/** The top-level fields of OpenAI's chat completions API, deprecated ones included. */
private val chatFields =
    setOf(
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "model",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    )
