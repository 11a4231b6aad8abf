package routercluster.policy.plugins

import routercluster.policy.Candidate
import routercluster.policy.models.ReasoningFamily
import routercluster.policy.models.ReasoningFamily.Type
import routercluster.policy.request.BodyEdits
import routercluster.policy.request.RawJson

/** Where clients put an effort word, whatever the model's family. */
private val usualEffortPaths = listOf(listOf("reasoning_effort"), listOf("reasoning", "effort"))

/**
 * Tells the model how to reason, in its family's way:
 *
 * | family | on | off |
 * |---|---|---|
 * | `chat_template_kwargs` | parameter true | parameter false, effort words removed |
 * | `reasoning_effort`, `top_level_reasoning_effort` | effort word in its one place, other effort words removed | effort words removed |
 * | none | unchanged | effort words removed |
 *
 * Where the candidate says nothing of reasoning, the client's own settings stay.
 */
internal fun BodyEdits.withReasoning(candidate: Candidate, defaultEffort: String): BodyEdits =
    when (candidate.reasoning) {
        null -> this
        true -> withReasoningOn(candidate.model.reasoning, RawJson.of(candidate.effort ?: defaultEffort))
        false -> withReasoningOff(candidate.model.reasoning)
    }

private fun BodyEdits.withReasoningOn(family: ReasoningFamily?, effort: RawJson): BodyEdits {
    val switched = family?.switchPath()?.let { set(it, RawJson.of(true)) } ?: this
    val effortPath = family?.effortPath() ?: return switched
    return switched.withoutAll(usualEffortPaths - listOf(effortPath)).set(effortPath, effort)
}

private fun BodyEdits.withReasoningOff(family: ReasoningFamily?): BodyEdits {
    val switched = family?.switchPath()?.let { set(it, RawJson.of(false)) } ?: this
    return switched.withoutAll(usualEffortPaths + listOfNotNull(family?.effortPath()))
}

private fun BodyEdits.withoutAll(paths: List<List<String>>): BodyEdits = paths.fold(this) { edits, path -> edits.remove(path) }

private fun ReasoningFamily.switchPath(): List<String>? =
    when (type) {
        Type.CHAT_TEMPLATE_KWARGS -> listOf("chat_template_kwargs", parameter)
        Type.REASONING_EFFORT, Type.TOP_LEVEL_REASONING_EFFORT -> null
    }

private fun ReasoningFamily.effortPath(): List<String>? =
    when (type) {
        Type.CHAT_TEMPLATE_KWARGS -> null
        Type.REASONING_EFFORT -> parameter.split('.')
        Type.TOP_LEVEL_REASONING_EFFORT -> listOf(parameter)
    }
