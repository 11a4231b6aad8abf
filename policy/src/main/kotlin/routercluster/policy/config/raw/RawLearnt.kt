package routercluster.policy.config.raw

import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.format.checkQuietly
import routercluster.policy.config.format.isOn
import routercluster.policy.config.format.modelSelectionFormat
import routercluster.policy.config.format.readInactive
import routercluster.policy.learnt.LearntKind
import routercluster.policy.selectors.Selector

/**
 * A decision's algorithm that goes by an artifact.
 *
 * @property type where it is named
 * @property artifact path of the file; null leaves that to `global.router.model_selection.ml`
 * @property neighbours of knn
 * @property wrapping puts protection of conversations and constraints around the selector that comes of it
 */
internal class RawLearnt(
    val kind: LearntKind,
    val type: Text,
    val artifact: Text?,
    val costWeight: Double?,
    val neighbours: Int?,
    val wrapping: (Selector) -> Selector,
)

internal fun readLearnt(kind: LearntKind, type: Text, parameters: Section?, wrapping: (Selector) -> Selector): RawLearnt =
    RawLearnt(
        kind,
        type,
        parameters?.text("artifact"),
        parameters?.double("cost_weight", 0.0..1.0),
        if (kind == LearntKind.KNN) parameters?.int("k", NEIGHBOURS) else null,
        wrapping,
    )

/** `global.router.model_selection.ml`: what is said of all decisions' artifacts. What is null is not said. */
internal class RawArtifacts(
    val folder: Text? = null,
    val embedding: Written<Int>? = null,
    val paths: Map<LearntKind, Text> = emptyMap(),
    val neighbours: Int? = null,
    val clusters: Written<Int>? = null,
    val efficiencyWeight: Double? = null,
    val kernel: Text? = null,
    val gamma: Written<Double>? = null,
    val device: Text? = null,
)

/** A [value] and where it stands. */
internal class Written<T>(val value: T, val at: Location)

/** What is built of `global.router.model_selection`; nothing where it is switched off. */
internal fun readModelSelection(section: Section?): RawArtifacts {
    if (section == null) return RawArtifacts()
    if (!section.isOn(modelSelectionFormat)) {
        section.checkQuietly(modelSelectionFormat)
        return RawArtifacts()
    }
    section.readInactive(modelSelectionFormat)
    return section.section("ml")?.let(::readArtifacts) ?: RawArtifacts()
}

private fun readArtifacts(section: Section): RawArtifacts {
    val knn = section.section("knn")
    val kmeans = section.section("kmeans")
    val svm = section.section("svm")
    val mlp = section.section("mlp")
    val parts = mapOf(LearntKind.KNN to knn, LearntKind.KMEANS to kmeans, LearntKind.SVM to svm, LearntKind.MLP to mlp)
    return RawArtifacts(
        folder = section.text("models_path"),
        embedding = section.int("embedding_dim", 1..65_536)?.let { Written(it, section.at("embedding_dim")) },
        paths = parts.mapNotNull { (kind, part) -> part?.text("pretrained_path")?.let { kind to it } }.toMap(),
        neighbours = knn?.int("k", NEIGHBOURS),
        clusters = kmeans?.int("num_clusters", 1..100_000)?.let { Written(it, kmeans.at("num_clusters")) },
        efficiencyWeight = kmeans?.double("efficiency_weight", 0.0..1.0),
        kernel = svm?.oneOf("kernel", listOf("rbf", "linear").associateWith { it })?.let { Text(it, svm.at("kernel")) },
        gamma = svm?.double("gamma", 0.0..1e6)?.let { Written(it, svm.at("gamma")) },
        device = mlp?.oneOf("device", listOf("cpu", "cuda", "metal").associateWith { it })?.let { Text(it, mlp.at("device")) },
    )
}

private val NEIGHBOURS = 1..10_000
