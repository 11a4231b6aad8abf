package routercluster.policy.signals

/**
 * A number of the policy that what a head says of a text is held against, and what the head leaves of its meaning.
 *
 * @property value as it acts
 * @property keys where a file may say it, the nearest first: a key of the rule, or from `global` on a path of the document
 * @property least what is held against it is never less, in a text of which the head says anything
 * @property mostNever whether what is held against it always stays below [most]
 * @property gap numbers between its ends are never held against it, so that every value in there acts as the upper end does
 * @property below what a [value] below [least] comes to, in words that begin with a verb
 * @property isSame whether such a value acts as [least] does
 * @property beyond whether it is not enough to come to [value]
 */
internal class HeadThreshold(
    val value: Double,
    val keys: List<String>,
    val least: Double = 0.0,
    val most: Double = 1.0,
    val mostNever: Boolean,
    val gap: ClosedFloatingPointRange<Double>? = null,
    val below: String = "is always reached",
    val isSame: Boolean = true,
    val beyond: Boolean = false,
)

/** A probability that a softmax was fitted to never comes to 1, short of rounding. */
internal val LabelHead.staysBelowOne: Boolean get() = named.head.calibrated && labels.size > 1

/**
 * The least probability of its first choice in a text of which it says anything, 0..1. One of `k` labels that exclude one another has
 * a `k`th at least; of a service it is not known whether they do.
 */
internal val LabelHead.firstChoiceFrom: Double
    get() = maxOf(named.head.answersFrom, if (named.head.remote || labels.isEmpty()) 0.0 else 1.0 / labels.size)

/** What a head of two labels never gives one of them: where neither has as much as it asks of its first choice, it abstains. */
internal val LabelHead.undecided: ClosedFloatingPointRange<Double>?
    get() = named.head.answersFrom
        .takeIf { labels.size == 2 && it > HALF }
        ?.let { 1.0 - it..it }

private const val HALF = 0.5

/** The paths of the thresholds that modules of the catalog have. */
internal object ModuleKeys {
    private const val MODULES = "global.model_catalog.modules"
    const val GUARD = "$MODULES.prompt_guard.threshold"
    const val DOMAIN = "$MODULES.classifier.domain.threshold"
    const val PII = "$MODULES.classifier.pii.threshold"
    const val FACT_CHECK = "$MODULES.hallucination_mitigation.fact_check.threshold"
    const val FEEDBACK = "$MODULES.feedback_detector.threshold"
    const val MODALITY = "$MODULES.modality_detector.confidence_threshold"
    const val MODALITY_RATIO = "$MODULES.modality_detector.lower_threshold_ratio"
}

/** What probabilities lie between. */
internal val unitRange: ClosedFloatingPointRange<Double> = 0.0..1.0
