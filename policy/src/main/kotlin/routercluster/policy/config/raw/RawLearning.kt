package routercluster.policy.config.raw

import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text

/** `gateway.learning` as written: what holds selectors back. Null means the default. */
internal class RawLearning(
    val explorationMax: Double? = null,
    val qualityFloor: Double? = null,
    val freeze: Boolean? = null,
    val shadow: List<Text> = emptyList(),
    val experiments: List<RawExperiment> = emptyList(),
)

internal fun readLearning(section: Section) =
    RawLearning(
        section.double("exploration_max", 0.0..1.0),
        section.double("quality_floor", 0.0..1.0),
        section.boolean("freeze"),
        section.texts("shadow"),
        section.sections("experiments").mapNotNull(::readExperiment),
    )

/** @property armsAt where the list of arms is written */
internal class RawExperiment(val name: Text, val decision: Text, val arms: List<RawArm>, val armsAt: Location)

/**
 * @property share 0..1; null where it is wrong or missing, which was reported
 * @property algorithm null for the decision's own
 * @property models that it may pick; empty for all
 */
internal class RawArm(val name: Text, val share: Double?, val algorithm: RawAlgorithm?, val models: List<Text>)

private fun readExperiment(section: Section): RawExperiment? {
    val name = section.requiredText("name")
    val decision = section.requiredText("decision")
    val arms = section.sections("arms").mapNotNull(::readArm)
    return RawExperiment(name ?: return null, decision ?: return null, arms, section.at("arms"))
}

private fun readArm(section: Section): RawArm? {
    val name = section.requiredText("name")
    val share = section.double("share", 0.0..1.0)
    if (!section.has("share")) section.problems.add(section.at("share"), "is required", accepted = "a number from 0.0 to 1.0")
    val algorithm = section.section("algorithm")?.let(::readAlgorithm)
    val models = section.texts("models")
    return name?.let { RawArm(it, share, algorithm, models) }
}
