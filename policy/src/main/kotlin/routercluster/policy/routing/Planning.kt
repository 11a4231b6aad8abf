package routercluster.policy.routing

import routercluster.policy.decisions.Deciding
import routercluster.policy.decisions.EncodeCall
import routercluster.policy.decisions.Question
import routercluster.policy.decisions.Ruling
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.PassageResult
import routercluster.policy.selectors.Sight
import java.time.Duration

/** How far the plan for one request has come: a [Plan], or an [OpenPlan] that waits for encoders. */
sealed interface Planning

/**
 * A plan that depends on what encoders say. A value without a clock: whoever carries [request] to an encoder tells what came of it and how
 * long that took, and gets the next state. No answer changes it.
 */
sealed interface OpenPlan : Planning {
    val request: EncodeRequest

    /** How long after the request was sent [expired] has something to say. */
    val patience: Duration

    /** The encoder's [reply] came after [took]. */
    fun answered(reply: EncodeReply, took: Duration): Planning

    /** The request as a whole could not be answered, for [reason]. */
    fun failed(reason: String, took: Duration): Planning

    /** Nothing came within [took]. What is then still waited for is a plan with the same [request]. */
    fun expired(took: Duration): Planning
}

/** Which decision wins is open; see [Question], whose functions these are. */
internal class OpenDecision(private val question: Question, private val select: (Ruling) -> Planning) : OpenPlan {
    override val request: EncodeRequest get() = question.request
    override val patience: Duration get() = question.patience

    override fun answered(reply: EncodeReply, took: Duration): Planning = planning(question.answered(reply, took), select)

    override fun failed(reason: String, took: Duration): Planning = planning(question.failed(reason, took), select)

    override fun expired(took: Duration): Planning = planning(question.expired(took), select)
}

/**
 * The decision is made, and what its selector goes by is asked for. Without an answer it selects without.
 *
 * @param advisers names of the models that are asked to choose, by their heads
 * @param read what the answers say
 * @param blind what is known where there are none, for a reason
 */
internal class OpenSelection(
    override val request: EncodeRequest,
    private val advisers: Map<HeadRef, String>,
    private val read: (List<PassageResult>) -> Sight,
    private val blind: (reason: String) -> Sight,
    private val close: (Sight, EncodeCall) -> Planning,
) : OpenPlan {
    override val patience: Duration get() = request.timeout

    override fun answered(reply: EncodeReply, took: Duration): Planning {
        val isWhole = reply.results.size == request.passages.size
        val sight = if (isWhole) read(reply.results) else blind("the encoder's answer is not whole")
        return close(sight, EncodeCall.of(emptyList(), request, reply, took, advisers))
    }

    override fun failed(reason: String, took: Duration): Planning =
        close(blind(reason), EncodeCall.failed(emptyList(), request, reason, took))

    override fun expired(took: Duration): Planning =
        if (took < patience) this else failed("no answer within ${patience.toMillis()} ms", took)
}

/** What [deciding] comes to, where [select] goes on from a ruling. */
internal fun planning(deciding: Deciding, select: (Ruling) -> Planning): Planning =
    when (deciding) {
        is Ruling -> select(deciding)
        is Question -> OpenDecision(deciding, select)
    }
