package routercluster.gateway.extproc

import com.linecorp.armeria.common.HttpData
import routercluster.gateway.http.Admission
import routercluster.gateway.pipeline.Account
import routercluster.gateway.pipeline.Accounts
import routercluster.gateway.pipeline.AnswerFilter
import routercluster.gateway.pipeline.AnswerHead
import routercluster.gateway.pipeline.AnswerObserver
import routercluster.gateway.pipeline.Delivery
import routercluster.gateway.pipeline.Journey
import routercluster.gateway.pipeline.Route
import routercluster.gateway.upstream.Attempt
import routercluster.gateway.upstream.Picked
import routercluster.gateway.upstream.failureClass
import routercluster.policy.FailureClass
import routercluster.policy.answer.UsageFilter

/**
 * The answer to a request that Envoy forwarded: told to the account, and to the picked upstream's balance and ejection. An answer
 * that breaks off after its head counts for nobody, since Envoy does not say who broke it off.
 */
internal class ForwardedAnswer(
    private val journey: Journey,
    private val account: Account,
    private val accounts: Accounts,
    private val admission: Admission,
    private val route: Route.Forward,
    private val picked: Picked,
) : AnswerObserver,
    AnswerFilter {
    private var delivery = UNTOLD
    private var filter: UsageFilter? = null

    override fun delivered(delivery: Delivery) {
        this.delivery = delivery
    }

    override fun headers(status: Int, headers: List<Pair<String, String>>) {
        val failure = if (delivery.answered) failureClass(status) else delivery.failure
        if (delivery.answered || failure != null) {
            accounts.resent(picked.model.name, picked.upstream, delivery.attempts - 1)
            tellAttempt(status.takeIf { delivery.answered }, failure)
            picked.answered(failure, maxOf(1, delivery.attempts))
        }

        fun value(name: String) = headers.firstOrNull { it.first == name }?.second
        val head = AnswerHead(status, value("content-type"), value("content-encoding"))
        account.headers(head, picked.model, picked.upstream)
        filter = route.filter(picked.upstream, head)
        if (!delivery.answered) account.broke(if (failure == FailureClass.TIMEOUT) "upstream_timeout" else "upstream_unavailable")
    }

    override fun pass(bytes: ByteArray, last: Boolean): ByteArray {
        val filter = filter ?: return bytes
        val passed = filter.pass(bytes)
        val rest = if (last) filter.rest() else ByteArray(0)
        return if (rest.isEmpty()) passed else passed + rest
    }

    override fun chunk(bytes: ByteArray) = account.chunk(HttpData.wrap(bytes))

    override fun end() = ended(null)

    override fun aborted() = ended("stream_aborted")

    private fun tellAttempt(status: Int?, failure: FailureClass?) {
        val begun = journey.begun.last()
        val number = journey.begun.size
        account.attempts(listOf(Attempt(number, begun.model, begun.upstream.id, status, failure, begun.startNanos, System.nanoTime())))
    }

    private fun ended(code: String?) {
        admission.leave()
        picked.ended(whole = code == null)
        account.end(code)
    }

    private companion object {
        val UNTOLD = Delivery(attempts = 1, answered = true, failure = null)
    }
}
