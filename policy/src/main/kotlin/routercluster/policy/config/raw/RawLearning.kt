package routercluster.policy.config.raw

import routercluster.policy.config.Section
import routercluster.policy.config.Text

/** `gateway.learning` as written: what holds selectors back. Null means the default. */
internal class RawLearning(
    val explorationMax: Double? = null,
    val qualityFloor: Double? = null,
    val freeze: Boolean? = null,
    val shadow: List<Text> = emptyList(),
)

internal fun readLearning(section: Section) =
    RawLearning(
        section.double("exploration_max", 0.0..1.0),
        section.double("quality_floor", 0.0..1.0),
        section.boolean("freeze"),
        section.texts("shadow"),
    )
