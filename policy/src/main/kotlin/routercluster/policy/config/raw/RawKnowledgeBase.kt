package routercluster.policy.config.raw

import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text

/** An entry of `kbs`. */
internal class RawKnowledgeBase(
    val name: Text,
    val folder: Text?,
    val manifest: Text?,
    val threshold: Double?,
    val labelThresholds: List<RawLabelThreshold>,
    val groups: Map<String, List<Text>>,
    val groupsAt: Location,
    val metrics: List<RawGroupMargin>,
    val prototypes: RawPrototypes?,
)

internal class RawLabelThreshold(val label: Text, val threshold: Double)

internal class RawGroupMargin(val name: Text, val positiveGroup: Text, val negativeGroup: Text)

internal fun readKnowledgeBase(section: Section): RawKnowledgeBase? {
    val name = section.requiredText("name")
    val source = section.section("source")
    if (source == null) section.problems.add(section.at("source"), "is required", accepted = "a mapping with path and manifest")
    val thresholds = section.section("label_thresholds")
    val groups = section.section("groups")
    val base =
        RawKnowledgeBase(
            name ?: Text("", section.here),
            source?.requiredText("path"),
            source?.text("manifest"),
            section.double("threshold", 0.0..1.0),
            thresholds?.let(::readLabelThresholds).orEmpty(),
            groups?.keys.orEmpty().associateWith { key -> groups?.texts(key).orEmpty() },
            section.at("groups"),
            section.sections("metrics").mapNotNull(::readGroupMargin),
            section.section("prototype_scoring")?.let(::readPrototypes),
        )
    return base.takeIf { name != null }
}

private fun readLabelThresholds(section: Section): List<RawLabelThreshold> =
    section.keys.mapNotNull { key -> section.double(key, 0.0..1.0)?.let { RawLabelThreshold(Text(key, section.atKey(key)), it) } }

private fun readGroupMargin(section: Section): RawGroupMargin? {
    section.oneOf("type", mapOf("group_margin" to Unit))
    val name = section.requiredText("name")
    val positive = section.requiredText("positive_group")
    val negative = section.requiredText("negative_group")
    return if (name == null || positive == null || negative == null) null else RawGroupMargin(name, positive, negative)
}
