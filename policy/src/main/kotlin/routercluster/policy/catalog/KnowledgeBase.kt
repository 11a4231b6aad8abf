package routercluster.policy.catalog

import routercluster.policy.config.Location

/**
 * Exemplar texts under labels, in groups.
 *
 * @property at where the policy names it
 * @property manifest the text of its manifest file: labels with their exemplars
 * @property threshold similarity from which a label holds
 * @property labelThresholds where a label has one of its own
 * @property groups names to labels
 */
class KnowledgeBase(
    val name: String,
    val at: Location,
    val manifest: ManifestFile,
    val threshold: Double,
    val labelThresholds: Map<String, Double>,
    val groups: Map<String, List<String>>,
    val metrics: List<GroupMargin>,
    val prototypes: PrototypeScoring,
)

/** @property at where the policy names the file */
class ManifestFile(val path: String, val text: String, val at: Location)

/** The best score of the labels of [positiveGroup] less the best of those of [negativeGroup]. */
data class GroupMargin(val name: String, val positiveGroup: String, val negativeGroup: String)
