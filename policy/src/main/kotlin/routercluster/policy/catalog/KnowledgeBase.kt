package routercluster.policy.catalog

import routercluster.policy.config.Location

/**
 * Exemplar texts under labels, in groups.
 *
 * @property at where the policy names it
 * @property manifest its file
 * @property labels the exemplars of each label, never none
 * @property threshold similarity from which a label holds
 * @property labelThresholds where a label has one of its own
 * @property groups names to labels, never none
 */
class KnowledgeBase(
    val name: String,
    val at: Location,
    val manifest: ManifestFile,
    val labels: Map<String, List<String>>,
    val threshold: Double,
    val labelThresholds: Map<String, Double>,
    val groups: Map<String, List<String>>,
    val metrics: List<GroupMargin>,
    val prototypes: PrototypeScoring,
) {
    fun thresholdOf(label: String): Double = labelThresholds[label] ?: threshold
}

/** @property at where the policy names the file */
class ManifestFile(val path: String, val text: String, val at: Location)

/** The best score of the labels of [positiveGroup] less the best of those of [negativeGroup]. */
data class GroupMargin(val name: String, val positiveGroup: String, val negativeGroup: String)
