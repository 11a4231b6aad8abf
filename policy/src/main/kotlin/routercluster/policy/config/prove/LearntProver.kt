package routercluster.policy.config.prove

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.Slot
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.config.format.Feature
import routercluster.policy.config.raw.RawArtifacts
import routercluster.policy.config.raw.RawLearnt
import routercluster.policy.learnt.Artifact
import routercluster.policy.learnt.BadArtifact
import routercluster.policy.learnt.Clusters
import routercluster.policy.learnt.Kernel
import routercluster.policy.learnt.LearntKind
import routercluster.policy.learnt.Neighbours
import routercluster.policy.selectors.LearntSelector
import routercluster.policy.selectors.Selector
import kotlin.math.abs

/** Proves algorithms that go by artifacts. Each file is read once, whoever names it. */
internal class LearntProver(private val raw: RawArtifacts, private val files: PolicyFiles, private val problems: Problems) {
    private val read = LinkedHashMap<String, Artifact?>()

    /** Versions of the artifacts that selectors go by. */
    val versions: List<String> get() = read.values.mapNotNull { it?.version }

    /**
     * The selector that [algorithm] asks for. Null where its artifact cannot be used: a problem tells why, or, where the file that was to
     * come from elsewhere is not there, that this is asked for and not to be had.
     */
    fun prove(algorithm: RawLearnt, candidates: List<Candidate>, catalog: Catalog): Selector? {
        val path = algorithm.artifact ?: raw.paths[algorithm.kind]
        val text = path?.let(::textOf)
        if (path == null || (text == null && algorithm.artifact == null)) {
            problems.inactive(Feature.ABSENT_SELECTOR, algorithm.type.at)
            return null
        }
        if (text == null) problems.add(path.at, "cannot be read", path.value, "a file that router train-selector made")
        val artifact = text?.let { read.getOrPut(path.value) { parse(it, path) } } ?: return null
        if (!fits(artifact, algorithm, path, catalog)) return null
        tellUnknown(artifact, path, candidates)
        val neighbours = algorithm.neighbours ?: raw.neighbours
        val estimator = artifact.estimator
        val weight = algorithm.costWeight ?: raw.efficiencyWeight.takeIf { algorithm.kind == LearntKind.KMEANS } ?: 0.0
        val asked = if (estimator is Neighbours && neighbours != null) artifact.with(estimator.asking(neighbours)) else artifact
        return LearntSelector(asked, weight)
    }

    /** As named, else in the folder of models. */
    private fun textOf(path: Text): String? =
        files.text(path.value) ?: raw.folder?.let { files.text("${it.value.trimEnd('/')}/${path.value}") }

    private fun parse(text: String, path: Text): Artifact? =
        try {
            Artifact.read(text)
        } catch (bad: BadArtifact) {
            problems.add(path.at, "is no artifact that can be used: ${bad.message}", path.value, "a file that router train-selector made")
            null
        }

    private fun fits(artifact: Artifact, algorithm: RawLearnt, path: Text, catalog: Catalog): Boolean {
        if (artifact.kind != algorithm.kind) {
            problems.add(path.at, "is an artifact of ${artifact.kind.key}", path.value, "one of ${algorithm.kind.key}")
            return false
        }
        return listOf(
            fitsEncoder(artifact, path, catalog),
            fitsNumbers(artifact),
        ).all { it }
    }

    /** That the encoder gives what the artifact was trained on; what only its answers show is seen when they come. */
    private fun fitsEncoder(artifact: Artifact, path: Text, catalog: Catalog): Boolean {
        val dimensions = catalog.embedding.shape.dimensions ?: catalog.headFor(Slot.EMBEDDING)?.head?.dimensions ?: 0
        val expected = artifact.features.embedding
        if (dimensions != 0 && dimensions != expected) {
            problems.add(path.at, "was made for embeddings of $expected numbers", path.value, "one for $dimensions")
            return false
        }
        val labels = catalog.headFor(Slot.DOMAIN)?.head?.labels ?: return true
        val missing = artifact.features.domains.firstOrNull { it !in labels } ?: return true
        problems.add(path.at, "was made with the topic $missing, which the domain head does not know", path.value)
        return false
    }

    /** That it is what `global.router.model_selection.ml` says of it. */
    private fun fitsNumbers(artifact: Artifact): Boolean {
        val estimator = artifact.estimator
        val embedding = raw.embedding?.takeIf { it.value != artifact.features.embedding }
        embedding?.let { problems.add(it.at, "is not what the artifact has", "${it.value}", "${artifact.features.embedding}") }
        val clusters = raw.clusters.takeIf {
            artifact.kind == LearntKind.KMEANS && estimator is Clusters &&
                it?.value != estimator.centres.rows
        }
        clusters?.let { problems.add(it.at, "is not what the artifact has", "${it.value}", "${(estimator as Clusters).centres.rows}") }
        if (artifact.kind == LearntKind.MLP) {
            raw.device?.takeIf { it.value != "cpu" }?.let {
                problems.notice(
                    it.at,
                    "has no effect: so small a network runs on the CPU",
                    it.value,
                )
            }
        }
        return embedding == null && clusters == null && fitsKernel(estimator as? Kernel ?: return true)
    }

    private fun fitsKernel(estimator: Kernel): Boolean {
        val kernel = if (estimator.gamma == null) "linear" else "rbf"
        val other = raw.kernel?.takeIf { it.value != kernel }
        other?.let { problems.add(it.at, "is not what the artifact has", it.value, kernel) }
        val gamma = raw.gamma?.takeIf { estimator.gamma != null && abs(it.value - estimator.gamma) > GAMMA_TOLERANCE }
        gamma?.let { problems.add(it.at, "is not what the artifact has", "${it.value}", "${estimator.gamma}") }
        return other == null && gamma == null
    }

    private fun tellUnknown(artifact: Artifact, path: Text, candidates: List<Candidate>) {
        val known = artifact.models.mapTo(HashSet()) { it.name }
        val unknown = candidates.map { it.model.name }.filter { it !in known }
        if (unknown.isEmpty()) return
        if (unknown.size == candidates.size) {
            problems.add(path.at, "knows none of this decision's models", unknown.joinToString(), known.joinToString())
        } else {
            problems.notice(path.at, "knows nothing of ${unknown.joinToString()}, which come last", path.value)
        }
    }

    private companion object {
        const val GAMMA_TOLERANCE = 1e-9
    }
}
