package routercluster.policy.routing

import routercluster.policy.decisions.Deciding
import routercluster.policy.decisions.Question
import routercluster.policy.decisions.Ruling
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import java.time.Duration

/** How far the plan for one request has come: a [Plan], or an [OpenPlan] that waits for encoders. */
sealed interface Planning

/** A plan that depends on what encoders say; see [Question], whose functions these are. A value: no answer changes it. */
class OpenPlan internal constructor(private val question: Question, private val close: (Ruling) -> Plan) : Planning {
    val request: EncodeRequest get() = question.request

    /** How long after the request was sent [expired] has something to say. */
    val patience: Duration get() = question.patience

    fun answered(reply: EncodeReply, took: Duration): Planning = planning(question.answered(reply, took), close)

    fun failed(reason: String, took: Duration): Planning = planning(question.failed(reason, took), close)

    fun expired(took: Duration): Planning = planning(question.expired(took), close)

    companion object {
        internal fun planning(deciding: Deciding, close: (Ruling) -> Plan): Planning =
            when (deciding) {
                is Ruling -> close(deciding)
                is Question -> OpenPlan(deciding, close)
            }
    }
}
