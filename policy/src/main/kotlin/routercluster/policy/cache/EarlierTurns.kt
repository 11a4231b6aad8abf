package routercluster.policy.cache

/**
 * The conversation before the last message, for decisions that take a similar one for the same.
 *
 * @property frame digest of all that has to be equal nevertheless: who spoke in which order, and whatever is not the text of a user or a model
 * @property text what users and models said, in order
 */
class EarlierTurns(val frame: String, val text: String) {
    private val wording by lazy(LazyThreadSafetyMode.NONE) { Wording.of(text) }

    /**
     * What speaks against giving an answer that was given after the conversation [kept]; null where nothing does.
     *
     * @param similarityMin shared part of all pairs of neighbouring words, 0 to 1, from which on conversations are similar
     */
    fun veto(kept: String?, similarityMin: Double): Veto? {
        if (kept == null) return Veto.CONVERSATION
        if (kept == text) return null
        val other = Wording.of(kept)
        return Veto.between(wording, other) ?: Veto.CONVERSATION.takeIf { wording.pairs.sharedWith(other.pairs) < similarityMin }
    }
}
