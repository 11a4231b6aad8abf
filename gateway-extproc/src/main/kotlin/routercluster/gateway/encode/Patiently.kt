package routercluster.gateway.encode

import routercluster.policy.encode.EncodeRequest
import routercluster.policy.routing.OpenPlan
import routercluster.policy.routing.Plan
import routercluster.policy.routing.Planning
import java.time.Duration
import java.util.concurrent.CancellationException
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException

/**
 * As [planWith], but waits up to [patience] for each answer whatever the timeouts of signals are: for what asks how a policy decides,
 * not how fast this machine is. Blocks its thread.
 */
fun planPatiently(lease: EncoderLease?, first: Planning, patience: Duration): Plan {
    var next = first
    while (next is OpenPlan) next = answered(checkNotNull(lease) { "a plan that asks encoders, without any" }, next, patience)
    return next as Plan
}

private fun answered(lease: EncoderLease, open: OpenPlan, patience: Duration): Planning =
    try {
        val answer = lease.encoder.encode(EncodeRequest(open.request.passages, patience)).toCompletableFuture()
        open.answered(answer.get(patience.toMillis(), TimeUnit.MILLISECONDS), Duration.ZERO)
    } catch (failed: ExecutionException) {
        open.failed(reasonOf(failed), Duration.ZERO)
    } catch (_: TimeoutException) {
        open.failed("no answer within ${patience.toSeconds()} s", patience)
    } catch (left: CancellationException) {
        open.failed(reasonOf(left), Duration.ZERO)
    }
