package routercluster.policy.config.prove

import com.fasterxml.jackson.core.JsonProcessingException
import com.fasterxml.jackson.core.StreamReadFeature
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.json.JsonMapper
import routercluster.policy.catalog.ManifestFile
import routercluster.policy.config.Problems

private const val LABELS_MAX = 1_000
private const val EXEMPLARS_MAX = 10_000
private const val EXEMPLAR_CHARS_MAX = 8_192

private val mapper = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build()

/**
 * The exemplars of each label in a manifest: JSON `{"labels": {"name": {"description": "…", "exemplars": ["…"]}}}`. Other fields
 * are passed over, since they describe the file. Null after reporting why it cannot be used.
 */
internal fun readManifest(manifest: ManifestFile, problems: Problems): Map<String, List<String>>? {
    val json =
        try {
            mapper.readTree(manifest.text)
        } catch (failure: JsonProcessingException) {
            problems.add(manifest.at, "is not JSON: ${failure.originalMessage}", manifest.path)
            return null
        }
    val labels = json.get("labels")?.takeIf { it.isObject && !it.isEmpty }
    val fault =
        when {
            labels == null -> "has no labels"
            labels.size() > LABELS_MAX -> "has ${labels.size()} labels, at most $LABELS_MAX"
            else -> labels.fieldNames().asSequence().firstNotNullOfOrNull { label -> faultOf(label, labels.get(label)) }
        }
    val exemplars = labels
        ?.fieldNames()
        ?.asSequence()
        ?.associateWith { exemplarsOf(labels.get(it)) }
        .orEmpty()
    val count = exemplars.values.sumOf { it.size }
    val what = fault ?: "has $count exemplars, at most $EXEMPLARS_MAX".takeIf { count > EXEMPLARS_MAX }
    if (what != null) problems.add(manifest.at, what, manifest.path, """{"labels": {"name": {"exemplars": ["a text"]}}}""")
    return exemplars.takeIf { what == null }
}

private fun exemplarsOf(label: JsonNode): List<String> = label.path("exemplars").filter { it.isTextual }.map { it.textValue() }

private fun faultOf(name: String, label: JsonNode): String? {
    val exemplars = label.path("exemplars")
    val texts = exemplarsOf(label)
    return when {
        !exemplars.isArray || exemplars.isEmpty -> "has no exemplars for the label $name"
        texts.size < exemplars.size() -> "has an exemplar that is no string under the label $name"
        texts.any { it.isBlank() || it.length > EXEMPLAR_CHARS_MAX } -> "has an exemplar that is blank or too long under the label $name"
        else -> null
    }
}
