package routercluster.gateway.upstream

import routercluster.policy.FailureClass
import routercluster.policy.Forwarding
import kotlin.math.max
import kotlin.math.min
import kotlin.random.Random

/** What to do after an attempt that failed. */
internal sealed interface Step {
    /** Try the same model again, after a wait. */
    data class Again(val waitNanos: Long) : Step

    /** Try the next model at once. */
    data object MoveOn : Step

    data class Stop(val budgetSpent: Boolean) : Step
}

/**
 * Where an exchange stands after a failed attempt.
 *
 * @property retries already made on this model
 * @property retriesMax of this model
 * @property retryOn the failures after which this model is tried again
 * @property attemptsLeft over all models
 * @property remainingNanos until the deadline
 * @property fresh whether this model has a fit upstream that was not tried yet
 * @property more whether another model is left
 */
internal data class Standing(
    val failure: FailureClass,
    val retries: Int,
    val retriesMax: Int,
    val retryOn: Set<FailureClass>,
    val attemptsLeft: Int,
    val remainingNanos: Long,
    val retryAfterNanos: Long?,
    val fresh: Boolean,
    val more: Boolean,
)

/**
 * A model is tried again while its retries, the budget and the deadline allow; then the next one, where the failure may fall
 * back. `Retry-After` binds the upstream that sent it: another upstream of the model is tried without it. Refused credentials
 * are tried again only with another upstream's. Moving on takes no budget, since it is the next model's first attempt.
 *
 * @param withdraw takes one retry from the model's budget, if it has one
 */
internal fun Standing.next(settings: Forwarding, random: Random, withdraw: () -> Boolean): Step {
    if (attemptsLeft <= 0 || remainingNanos <= 0) return Step.Stop(budgetSpent = false)
    var budgetSpent = false
    val waitNanos = retryWaitNanos(settings, random)
    if (waitNanos != null && waitNanos < remainingNanos) {
        if (withdraw()) return Step.Again(waitNanos)
        budgetSpent = true
    }
    return if (more && failure in settings.fallBackOn) Step.MoveOn else Step.Stop(budgetSpent)
}

/** Null where this model may not be tried again. */
private fun Standing.retryWaitNanos(settings: Forwarding, random: Random): Long? {
    if (retries >= retriesMax || (failure != FailureClass.CREDENTIALS && failure !in retryOn)) return null
    if (failure == FailureClass.CREDENTIALS && !(fresh && failure in settings.fallBackOn)) return null
    val backoffNanos = backoffNanos(settings.backoff.toNanos(), retries, random)
    if (fresh || retryAfterNanos == null) return backoffNanos
    return if (retryAfterNanos > settings.retryAfterMax.toNanos()) null else max(retryAfterNanos, backoffNanos)
}

/** Exponential with full jitter: uniform in 0..[baseNanos] * 2^[retries], at most a second. */
internal fun backoffNanos(baseNanos: Long, retries: Int, random: Random): Long {
    val ceilingNanos = min(BACKOFF_NANOS_MAX, min(BACKOFF_NANOS_MAX, baseNanos) shl min(retries, BACKOFF_DOUBLINGS_MAX))
    return random.nextLong(ceilingNanos + 1)
}

private const val BACKOFF_NANOS_MAX = 1_000_000_000L
private const val BACKOFF_DOUBLINGS_MAX = 20

/** The class of a status that may be tried again elsewhere; null for one that is the client's to have. */
internal fun failureClass(status: Int): FailureClass? =
    when (status) {
        401, 403 -> FailureClass.CREDENTIALS
        408 -> FailureClass.TIMEOUT
        429 -> FailureClass.RATE_LIMITED
        in 500..599 -> FailureClass.SERVER_ERROR
        else -> null
    }
