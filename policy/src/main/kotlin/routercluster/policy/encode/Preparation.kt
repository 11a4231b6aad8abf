package routercluster.policy.encode

import routercluster.policy.Decision
import routercluster.policy.Policy
import routercluster.policy.signals.Exemplars
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.Signal
import java.time.Duration

/** What came of preparing a policy. */
sealed interface Prepared {
    /** [policy] can serve. */
    class Ready(val policy: Policy) : Prepared

    /** [reason] is safe to show to an operator. */
    class Failed(val reason: String) : Prepared
}

/**
 * The exemplars of a policy's learned signals and of its selectors, to be embedded before it serves. Pure: others carry the [requests] to the encoders,
 * one after another, and hand the replies to [complete].
 *
 * @property requests every text once, at most [PASSAGES_MAX] in each
 */
class Preparation private constructor(
    private val policy: Policy,
    private val passages: List<Passage>,
    private val wanted: (Signal) -> Boolean,
    private val wantsSelectors: Boolean,
) {
    val requests: List<EncodeRequest> = passages.chunked(PASSAGES_MAX).map { EncodeRequest(it, TIMEOUT) }

    /** The policy with its vectors. [replies] are those to [requests], in their order. */
    fun complete(replies: List<EncodeReply>): Prepared {
        val results = replies.flatMap { it.results }
        if (results.size != passages.size) return Prepared.Failed("the encoder answered ${results.size} of ${passages.size} exemplars")
        val vectors = HashMap<Passage, FloatArray>()
        for ((passage, result) in passages.zip(results)) {
            val head = passage.heads.single()
            when (val answer = result.heads[head]) {
                is HeadResult.Vector -> vectors[passage] = answer.values
                is HeadResult.Failed -> return Prepared.Failed("$head: ${answer.reason}")
                is HeadResult.Labels, is HeadResult.Score, is HeadResult.Spans, null -> return Prepared.Failed("$head gave no vector")
            }
        }
        return Prepared.Ready(
            policy.with(
                policy.recipes.mapValues { (_, recipe) ->
                    recipe.with(recipe.signals.map { prepare(it, vectors) }, recipe.decisions.map { prepare(it, vectors) })
                },
            ),
        )
    }

    private fun prepare(signal: Signal, vectors: Map<Passage, FloatArray>) =
        (signal as? LearnedSignal)?.takeIf(wanted)?.exemplars?.let { signal.prepared(passages(it).map(vectors::getValue)) } ?: signal

    private fun prepare(decision: Decision, vectors: Map<Passage, FloatArray>): Decision {
        val exemplars = decision.selector.exemplars.takeIf { wantsSelectors } ?: return decision
        return decision.with(decision.selector.prepared(passages(exemplars).map(vectors::getValue)))
    }

    companion object {
        /** More would make an encoder's queue look full. */
        const val PASSAGES_MAX = 128

        /** For [PASSAGES_MAX] texts on a busy machine. */
        val TIMEOUT: Duration = Duration.ofSeconds(60)

        /** What [policy] needs before it can serve, or null where that is nothing. */
        fun of(policy: Policy): Preparation? = of(policy, { true }, wantsSelectors = true)

        /** What those signals of [policy] need that are [wanted]; all else is left as it is. */
        fun ofSignals(policy: Policy, wanted: (Signal) -> Boolean): Preparation? = of(policy, wanted, wantsSelectors = false)

        private fun of(policy: Policy, wanted: (Signal) -> Boolean, wantsSelectors: Boolean): Preparation? {
            val recipes = policy.recipes.values
            val ofSignals = recipes
                .flatMap { it.signals }
                .filter(wanted)
                .mapNotNull { (it as? LearnedSignal)?.exemplars }
            val ofSelectors = recipes.flatMap { it.decisions }.filter { wantsSelectors }.mapNotNull { it.selector.exemplars }
            val passages = (ofSignals + ofSelectors).flatMap(::passages).distinct()
            return if (passages.isEmpty()) null else Preparation(policy, passages, wanted, wantsSelectors)
        }

        private fun passages(exemplars: Exemplars) = exemplars.texts.map { Passage(it, setOf(exemplars.by), vector = exemplars.shape) }
    }
}
