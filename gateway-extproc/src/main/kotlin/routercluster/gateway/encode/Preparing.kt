package routercluster.gateway.encode

import routercluster.policy.Policy
import routercluster.policy.catalog.Catalog
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.Preparation
import routercluster.policy.encode.Prepared
import java.time.Duration
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException

/** A policy with the encoders that its learned signals ask; both null where it has none. */
class ReadyPolicy internal constructor(val policy: Policy, val lease: EncoderLease?) : AutoCloseable {
    override fun close() {
        lease?.close()
    }
}

/**
 * Opens what [policy] asks and embeds its exemplars. Takes as long as that takes, so no event loop may wait for it. A policy without
 * learned signals is ready as it is, and opens nothing.
 *
 * @throws EncodeFailure where that cannot be done; then nothing is held
 */
fun EncoderPool.ready(policy: Policy): ReadyPolicy {
    if (!policy.isLearned) return ReadyPolicy(policy, null)
    val lease = lease(if (policy.asksEncoders) policy.catalog else Catalog.NONE, policy.questions, policy.externals)
    return try {
        ReadyPolicy(prepared(policy, lease.encoder), lease)
    } catch (failure: EncodeFailure) {
        lease.close()
        throw failure
    }
}

/**
 * [policy] with the vectors of [preparation], one of its own: for looking at, not for serving, since of the encoders of this process
 * only those are opened that it asks, and closed again.
 *
 * @throws EncodeFailure where that cannot be done
 */
fun EncoderPool.embedded(policy: Policy, preparation: Preparation): Policy {
    val asked = preparation.requests
        .flatMap { it.passages }
        .flatMap { it.heads }
        .mapTo(mutableSetOf()) { it.encoder }
    val catalog = Catalog(encoders = policy.catalog.encoders.filterKeys { it in asked })
    return lease(catalog).use { completed(preparation, it.encoder) }
}

private fun prepared(policy: Policy, encoder: Encoder): Policy = Preparation.of(policy)?.let { completed(it, encoder) } ?: policy

private fun completed(preparation: Preparation, encoder: Encoder): Policy =
    when (val outcome = preparation.complete(preparation.requests.map { asked(encoder, it) })) {
        is Prepared.Ready -> outcome.policy
        is Prepared.Failed -> throw EncodeFailure.Unavailable("exemplars cannot be embedded: ${outcome.reason}")
    }

private fun asked(encoder: Encoder, request: EncodeRequest): EncodeReply {
    val answer = encoder.encode(request).toCompletableFuture()
    return try {
        answer.get(request.timeout.plus(GRACE).toMillis(), TimeUnit.MILLISECONDS)
    } catch (late: TimeoutException) {
        answer.cancel(true)
        throw EncodeFailure.TimedOut("exemplars were not embedded within ${request.timeout.toSeconds()} s")
    } catch (failed: ExecutionException) {
        throw EncodeFailure.Unavailable("exemplars cannot be embedded: ${reasonOf(failed)}", failed)
    } catch (stopped: InterruptedException) {
        Thread.currentThread().interrupt()
        throw EncodeFailure.Unavailable("stopped while exemplars were embedded", stopped)
    }
}

/** The encoder's own word on its timeout comes first. */
private val GRACE: Duration = Duration.ofSeconds(1)
