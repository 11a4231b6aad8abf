package routercluster.gateway.limits

import routercluster.policy.limits.Amounts
import routercluster.policy.models.Pricing
import routercluster.policy.request.ChatBody
import kotlin.math.ceil

/**
 * What a chat request is taken for before it is answered: its prompt, and the longest answer that it allows.
 *
 * @param promptTokens an estimate
 * @param pricing of the model that it is to go to; null before that is known, and where it has none
 */
internal fun estimate(body: ChatBody, promptTokens: Int, pricing: Pricing?): Amounts {
    val each = body.number("max_completion_tokens") ?: body.number("max_tokens") ?: ANSWER_TOKENS
    val answer = minOf(each * (body.number("n") ?: 1).coerceIn(1, CHOICES_MAX), TOKENS_MAX)
    return amounts(promptTokens.toLong(), answer, pricing)
}

/** The same for a request of which only the model was read: a token for every four bytes. */
internal fun estimate(bytes: Int, answers: Boolean, pricing: Pricing?): Amounts =
    amounts(bytes / BYTES_PER_TOKEN + 1L, if (answers) ANSWER_TOKENS else 0, pricing)

private fun amounts(prompt: Long, answer: Long, pricing: Pricing?): Amounts {
    val cost = if (pricing == null) 0.0 else prompt * pricing.promptPerMillion + answer * pricing.completionPerMillion
    return Amounts(1, prompt + answer, ceil(cost).toLong())
}

/** What was used, as a bill has it. [cost] in whole units of its currency. */
internal fun used(tokens: Long, cost: Double?): Amounts = Amounts(1, tokens, ceil((cost ?: 0.0) * MICROS - ROUNDING).toLong())

/** A whole number among the body's top-level fields; null for anything else, of which the upstream is the judge. */
private fun ChatBody.number(field: String): Long? {
    val span = fields[field] ?: return null
    if (span.end - span.start > DIGITS_MAX) return null
    return String(bytes, span.start, span.end - span.start).toLongOrNull()?.coerceIn(0, TOKENS_MAX)
}

/** The answer to a request that does not say how long it may be. */
internal const val ANSWER_TOKENS = 1_024L
private const val TOKENS_MAX = 100_000_000L
private const val CHOICES_MAX = 128L
private const val DIGITS_MAX = 12
private const val BYTES_PER_TOKEN = 4
private const val MICROS = 1_000_000

/** Sums of doubles are off by less. */
private const val ROUNDING = 1e-6
