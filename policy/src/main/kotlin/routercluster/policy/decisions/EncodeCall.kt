package routercluster.policy.decisions

import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Spent
import routercluster.policy.signals.SignalRef
import java.time.Duration

/**
 * What came of one call to encoders while a request was decided. No text is in it.
 *
 * @property signals those that were asked for; empty for a call that a selector alone needed
 * @property took from asking to the answer, or to giving up
 * @property batch the most passages that shared a pass of the network; 0 without an answer
 * @property failure null where an answer came
 * @property spent what language models counted that were asked to choose; one that did not say is not there
 */
data class EncodeCall(
    val signals: List<SignalRef>,
    val passages: List<PassageNote>,
    val took: Duration,
    val batch: Int = 0,
    val waited: Duration = Duration.ZERO,
    val computed: Duration = Duration.ZERO,
    val failure: String? = null,
    val spent: List<ModelSpent> = emptyList(),
) {
    companion object {
        /** @param advisers names of the models that were asked to choose, by their heads */
        internal fun of(
            signals: List<SignalRef>,
            request: EncodeRequest,
            reply: EncodeReply,
            took: Duration,
            advisers: Map<HeadRef, String> = emptyMap(),
        ) =
            EncodeCall(
                signals,
                request.passages.mapIndexed { index, it ->
                    PassageNote(it.text.length + (it.pair?.length ?: 0), it.heads.toList(), reply.results.getOrNull(index)?.coverage)
                },
                took,
                reply.batch,
                reply.waited,
                reply.computed,
                spent = advisers.mapNotNull { (ref, model) -> spent(reply, ref)?.let { ModelSpent(model, it) } },
            )

        private fun spent(reply: EncodeReply, ref: HeadRef): Spent? =
            reply.results.firstNotNullOfOrNull { (it.heads[ref] as? HeadResult.Labels)?.spent }

        internal fun failed(signals: List<SignalRef>, request: EncodeRequest, reason: String, took: Duration) =
            EncodeCall(
                signals,
                request.passages.map { PassageNote(it.text.length + (it.pair?.length ?: 0), it.heads.toList(), null) },
                took,
                failure = reason,
            )
    }
}

/** What a model of the policy took to be asked. */
data class ModelSpent(val model: String, val tokens: Spent)

/**
 * A text that was read.
 *
 * @property characters its length in UTF-16 units, its pair's included
 * @property coverage null where no answer came
 */
data class PassageNote(val characters: Int, val heads: List<HeadRef>, val coverage: Coverage?)
