package routercluster.policy.catalog

import routercluster.policy.encode.VectorShape
import routercluster.policy.signals.OnError

/**
 * How a bank of prototypes is made from exemplars and scored: exemplars at least [clusterSimilarity] alike make one cluster, the
 * largest first; each of the [prototypesMax] largest gives its medoid; a text's score is
 * `bestWeight * best + (1 - bestWeight) * mean of the topM best`.
 *
 * @property enabled off takes every exemplar for a prototype of its own
 * @property marginThreshold by how much the best must lead the second
 */
data class PrototypeScoring(
    val enabled: Boolean = true,
    val clusterSimilarity: Double = 0.9,
    val prototypesMax: Int = 8,
    val bestWeight: Double = 0.75,
    val topM: Int = 2,
    val marginThreshold: Double = 0.0,
)

/**
 * How embedding signals judge similarities.
 *
 * @property shape of the vectors that are asked for
 * @property softMatching whether the best rule below its threshold but at or above [minScore] counts where no rule reaches its own
 * @property topK rules that may match at once; null is any number
 */
data class EmbeddingSettings(
    val shape: VectorShape = VectorShape.WHOLE,
    val softMatching: Boolean = true,
    val topK: Int? = null,
    val minScore: Double = 0.5,
    val prototypes: PrototypeScoring = PrototypeScoring(),
)

/** What `modules` of the catalog says of each family of learned signals. Thresholds are 0..1. */
data class Modules(
    val jailbreak: JailbreakSettings = JailbreakSettings(),
    val domain: DomainSettings = DomainSettings(),
    val pii: ClassifierSettings = ClassifierSettings(threshold = 0.9),
    val preference: PreferenceSettings = PreferenceSettings(),
    val complexity: PrototypeScoring = PrototypeScoring(),
    val factCheck: ClassifierSettings = ClassifierSettings(threshold = 0.6),
    val userFeedback: ClassifierSettings = ClassifierSettings(threshold = 0.7),
    val modality: ModalitySettings = ModalitySettings(),
    val hallucination: HallucinationSettings = HallucinationSettings(),
)

/** @property enabled off leaves the signals of this kind without a head, which is an error where a policy has some */
data class ClassifierSettings(val enabled: Boolean = true, val threshold: Double)

/**
 * @property positiveLabels the labels whose probabilities count against the threshold; empty takes those that the head calls positive
 * @property onError what a failure means in conditions that do not say; null where the policy leaves it to the family
 */
data class JailbreakSettings(
    val enabled: Boolean = true,
    val threshold: Double = 0.7,
    val positiveLabels: Set<String> = emptySet(),
    val onError: OnError? = null,
)

/** @property fallback the category of texts that belong to none */
data class DomainSettings(val enabled: Boolean = true, val threshold: Double = 0.5, val fallback: String = "other")

/** @property contrastive compares with exemplars; off asks an external model */
data class PreferenceSettings(val contrastive: Boolean = true, val prototypes: PrototypeScoring = PrototypeScoring())

/**
 * How the modality of a request is told.
 *
 * @property threshold confidence from which the classifier alone decides
 * @property lowerThresholdRatio times [threshold], the confidence below which keywords decide
 * @property promptPrefixes beginnings of a text that ask for an image
 */
data class ModalitySettings(
    val enabled: Boolean = true,
    val method: Method = Method.HYBRID,
    val threshold: Double = 0.7,
    val lowerThresholdRatio: Double = 0.7,
    val promptPrefixes: List<String> = emptyList(),
    val keywords: List<String> = emptyList(),
    val bothKeywords: List<String> = emptyList(),
) {
    enum class Method { CLASSIFIER, KEYWORD, HYBRID }
}

/**
 * How an answer is checked against its context.
 *
 * @property spanWordsMin shorter spans are passed over
 * @property nliFiltering whether spans that the NLI head finds entailed with at least [nliEntailment] are passed over
 */
data class HallucinationSettings(
    val enabled: Boolean = true,
    val threshold: Double = 0.8,
    val spanWordsMin: Int = 2,
    val spanConfidenceMin: Double = 0.6,
    val contextWords: Int = 50,
    val nliFiltering: Boolean = true,
    val nliEntailment: Double = 0.75,
    val explanationThreshold: Double = 0.9,
)
