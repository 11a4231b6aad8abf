package routercluster.policy.outcomes

import java.time.Instant

/**
 * Who gives a feedback, where their word is not taken without bound.
 *
 * @property identity a digest of who it is, the same on every node
 * @property weightMax of all their verdicts on one model of one decision within the window, in thousandths of a verdict
 */
data class Speaker(val identity: String, val weightMax: Long)

/** One identity's part in the verdicts on one [model], or on a pair of models, within one slice of time, as in [Cell]. */
data class Voice(val slice: Long, val identity: String, val model: String)

/**
 * How much weight identities have had in the verdicts of one decision, so that a flood from one of them moves nothing. Sums, which add up
 * in any order, over the same slices as the verdicts themselves; what leaves the window makes room again.
 *
 * With [Speaker.weightMax] w and n verdicts that stand for a model, whatever one identity says moves the mean of that model's
 * verdicts by w / (n + w) at most.
 *
 * @property weights in thousandths of a verdict; the voice that spoke last comes last. Of more than [VOICES_MAX] the one that was silent for
 *   longest is forgotten, and may be heard anew: so one identity has at most one weightMax in that many voices
 */
data class Influence(val weights: Map<Voice, Long> = emptyMap()) {
    /** Whether [feedback] counts: as a whole or not at all. */
    fun allows(feedback: Feedback): Boolean {
        val speaker = feedback.by ?: return true
        return had(speaker, feedback) + feedback.sums.weight <= speaker.weightMax
    }

    private fun had(speaker: Speaker, feedback: Feedback): Long =
        DecisionStatistics.verdictSlices(feedback.at).sumOf { weights[Voice(it, speaker.identity, feedback.subject)] ?: 0 }

    /** With [feedback], which has been counted. */
    operator fun plus(feedback: Feedback): Influence {
        val speaker = feedback.by ?: return this
        val voice = Voice(DecisionStatistics.verdictSlices(feedback.at).last, speaker.identity, feedback.subject)
        return plus(mapOf(voice to feedback.sums.weight))
    }

    operator fun plus(other: Influence): Influence = plus(other.weights)

    private fun plus(more: Map<Voice, Long>): Influence {
        if (more.isEmpty()) return this
        val sums = LinkedHashMap(weights)
        more.forEach { (voice, weight) -> sums[voice] = (sums.remove(voice) ?: 0) + weight }
        while (sums.size > VOICES_MAX) sums.remove(sums.keys.first())
        return Influence(sums)
    }

    /** Without the slices that have left the window at [now]. */
    fun since(now: Instant): Influence {
        val first = DecisionStatistics.verdictSlices(now).first
        return if (weights.keys.all { it.slice >= first }) this else Influence(weights.filterKeys { it.slice >= first })
    }

    companion object {
        const val VOICES_MAX = 4_096
        val NONE = Influence()
    }
}
