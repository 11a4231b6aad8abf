package routercluster.policy.config.prove

import com.fasterxml.jackson.core.JsonProcessingException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.Problems
import routercluster.policy.config.Text

internal const val SERVICE_LABELS_MAX = 1_000
private const val MAPPING_ENDING = "_to_idx"
private val mapper = ObjectMapper()

/**
 * The labels of a service in their order, as a mapping file lists them: JSON with an object such as `label_to_idx` from labels to
 * places. [usual] where the file is not here, which a notice tells. Null after reporting why a file cannot be used.
 */
internal fun labelsIn(path: Text?, usual: List<String>, files: PolicyFiles, problems: Problems): List<String>? {
    if (path == null) return usual
    val text = files.text(path.value)
    if (text == null) {
        problems.notice(path.at, "is not here: the labels are taken to be ${usual.joinToString(", ")}", path.value)
        return usual
    }
    val places = mappingIn(text)?.properties()?.associate { (label, place) -> label to place.asInt(-1) }
    val labels = places?.entries?.sortedBy { it.value }?.map { it.key }
    if (labels == null || labels.size !in 2..SERVICE_LABELS_MAX || places.values.sorted() != labels.indices.toList()) {
        val accepted = """{"label_to_idx": {"benign": 0, "jailbreak": 1}}, at most $SERVICE_LABELS_MAX"""
        problems.add(path.at, "is not a mapping of labels", path.value, accepted)
        return null
    }
    return labels
}

private fun mappingIn(text: String): JsonNode? =
    try {
        val json = mapper.readTree(text)
        json
            .fieldNames()
            .asSequence()
            .firstOrNull { it.endsWith(MAPPING_ENDING) }
            ?.let(json::get)
            ?.takeIf { it.isObject }
    } catch (_: JsonProcessingException) {
        null
    }
