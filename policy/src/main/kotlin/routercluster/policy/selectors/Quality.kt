package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.outcomes.VerdictSums
import kotlin.math.sqrt

/**
 * How good a model's answers are taken to be.
 *
 * @property mean share of good ones, 0..1
 * @property reason what that rests on
 */
internal class Quality(val mean: Double, val reason: String) {
    companion object {
        /** Verdicts that the quality of a model's card counts as; the seed's weight. */
        const val CARD_VERDICTS = 2.0

        /**
         * The mean of Beta(good, bad) over what verdicts say and what the card says before them. Without a card nothing is said before
         * them, Beta(1, 1). Null where there is neither.
         */
        fun of(candidate: Candidate, verdicts: VerdictSums): Quality? {
            val (good, bad) = verdicts.good to verdicts.badVerdicts
            val card = candidate.model.card.quality
            val told = "${rounded(good, 1)} good and ${rounded(bad, 1)} bad verdicts"
            return when {
                card != null -> Quality((CARD_VERDICTS * card + good) / (CARD_VERDICTS + good + bad), "card ${rounded(card, 3)}, $told")
                good + bad > 0.0 -> Quality((1 + good) / (2 + good + bad), told)
                else -> null
            }
        }

        const val UNKNOWN = "neither verdicts nor a quality in its card"
    }
}

/** What verdicts leave possible of a model's share of good answers: Beta([alpha], [beta]), a card's quality counted in as in [Quality]. */
internal class GoodShare(val alpha: Double, val beta: Double) {
    val mean: Double get() = alpha / (alpha + beta)
    val deviation: Double get() = sqrt(mean * (1 - mean) / (alpha + beta + 1))

    companion object {
        fun of(candidate: Candidate, verdicts: VerdictSums): GoodShare {
            val card = candidate.model.card.quality
            val good = if (card == null) 0.0 else Quality.CARD_VERDICTS * card
            val bad = if (card == null) 0.0 else Quality.CARD_VERDICTS * (1 - card)
            return GoodShare(1 + good + verdicts.good, 1 + bad + verdicts.badVerdicts)
        }
    }
}

/**
 * Why a model is surely below [floor]: where even what is likely to be the most is, the mean of Beta(1 + good, 1 + bad) and 1.645 deviations. Null where
 * it may be above.
 */
internal fun belowFloor(verdicts: VerdictSums, floor: Double): String? {
    val all = 2 + verdicts.good + verdicts.badVerdicts
    val mean = (1 + verdicts.good) / all
    val most = mean + DEVIATIONS * sqrt(mean * (1 - mean) / (all + 1))
    if (most >= floor) return null
    return "below the floor of $floor: ${rounded(mean, 3)} of its verdicts are good, at most ${rounded(most, 3)}"
}

/** Of a normal distribution, 5 % lie farther up. */
private const val DEVIATIONS = 1.645

internal val VerdictSums.good: Double get() = goodFit.toDouble() / VerdictSums.WHOLE
internal val VerdictSums.badVerdicts: Double get() = bad.toDouble() / VerdictSums.WHOLE
