package routercluster.policy.learnt

/**
 * The algorithms that artifacts are made for, in the order of documents.
 *
 * @property key in policies and artifacts
 * @property read the estimator of an artifact
 */
enum class LearntKind(val key: String, val read: (ArtifactPart, Shape) -> Estimator) {
    KNN("knn", { part, shape -> Neighbours.read(part, shape) }),
    KMEANS("kmeans", { part, shape -> Clusters.read(part, shape) }),
    SVM("svm", { part, shape -> Kernel.read(part, shape) }),
    MLP("mlp", { part, shape -> Perceptron.read(part, shape) }),
    PARETO("pareto", { part, shape -> Clusters.read(part, shape) }),
    ;

    companion object {
        fun of(key: String): LearntKind? = entries.firstOrNull { it.key == key }
    }
}
