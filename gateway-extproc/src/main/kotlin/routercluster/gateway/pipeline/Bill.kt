package routercluster.gateway.pipeline

import routercluster.policy.answer.AnswerFacts
import routercluster.policy.answer.Usage
import routercluster.policy.models.Pricing
import routercluster.policy.record.UsageNote
import routercluster.policy.routing.Plan
import routercluster.telemetry.AdviceCost

/**
 * What a request is billed.
 *
 * @property usage tokens of the answer that was served; null where none was, or nothing is known of it
 * @property isEstimated whether [usage] is at least in part an estimate
 * @property cost in [currency]; null where there is no price
 * @property costEstimated the part of [cost] that rests on estimates
 */
class Bill(val usage: Usage?, val isEstimated: Boolean, val cost: Double?, val costEstimated: Double, val currency: String?) {
    /** With what was paid for choosing the model, as far as that is known and in the same currency. */
    fun with(advice: AdviceCost?): Bill {
        if (advice == null || (currency != null && currency != advice.currency)) return this
        return Bill(usage, isEstimated, (cost ?: 0.0) + advice.cost, costEstimated, advice.currency)
    }

    /** For the decision record; null where there is nothing to say. */
    fun note(): UsageNote? {
        if (usage == null && cost == null) return null
        return UsageNote(usage?.promptTokens, usage?.completionTokens, usage?.cachedTokens, isEstimated, cost, costEstimated, currency)
    }
}

/** What was paid for choosing a model; null where no model with a price was asked. Those in another currency than the first's are left out. */
fun adviceCost(plan: Plan): AdviceCost? {
    val paid = plan.calls.flatMap { it.spent }.mapNotNull { (model, tokens) ->
        val pricing = plan.policy.models[model]?.pricing
        pricing?.let { AdviceCost(it.currency, cost(it, Usage(tokens.promptTokens, tokens.completionTokens))) }
    }
    val currency = paid.firstOrNull()?.currency ?: return null
    return AdviceCost(currency, paid.filter { it.currency == currency }.sumOf { it.cost })
}

/**
 * Bills an answer and the attempts at it that nobody waited for. Where an upstream did not count the tokens, the estimated prompt and the
 * text that passed stand for them; an attempt without an answer is billed its prompt. Attempts in another currency than the
 * answer's are left out.
 *
 * @param answer what was read of the answer; null where none was served or it cost nothing
 * @param pricing of the model that served; null where it has no price
 * @param unserved prices of the other attempts
 * @param promptTokens estimates the prompt; asked only where the estimate is needed
 */
fun bill(answer: AnswerFacts?, pricing: Pricing?, unserved: List<Pricing>, promptTokens: () -> Long): Bill {
    val usage = answer?.usage ?: answer?.let { estimated(it, promptTokens) }
    val isEstimated = usage != null && answer?.usage == null
    val served = if (usage == null || pricing == null) null else cost(pricing, usage)
    val currency = (pricing ?: unserved.firstOrNull())?.currency
    val charged = unserved.filter { it.currency == currency }
    val lost = if (charged.isEmpty()) 0.0 else Usage(promptTokens(), 0).let { prompt -> charged.sumOf { cost(it, prompt) } }
    return Bill(
        usage = usage,
        isEstimated = isEstimated,
        cost = if (served == null && charged.isEmpty()) null else (served ?: 0.0) + lost,
        costEstimated = lost + if (isEstimated && served != null) served else 0.0,
        currency = currency,
    )
}

/** Null for an answer of which nothing can be said, such as one that holds no text to a request whose prompt is not read. */
private fun estimated(answer: AnswerFacts, promptTokens: () -> Long): Usage? {
    val usage = answer.opening?.copy(completionTokens = answer.textTokens) ?: Usage(promptTokens(), answer.textTokens)
    return usage.takeIf { it.promptTokens + it.completionTokens > 0 }
}

/** Price of [usage] in the pricing's currency; prompt tokens of the cache cost their own prices where the policy gives them. */
fun cost(pricing: Pricing, usage: Usage): Double {
    val cached = usage.cachedTokens ?: 0
    val written = usage.cacheWrittenTokens ?: 0
    val fresh = (usage.promptTokens - cached - written).coerceAtLeast(0)
    val sum =
        fresh * pricing.promptPerMillion +
            cached * (pricing.cachedInputPerMillion ?: pricing.promptPerMillion) +
            written * (pricing.cacheWritePerMillion ?: pricing.promptPerMillion) +
            usage.completionTokens * pricing.completionPerMillion
    return sum / TOKENS_PER_PRICE
}

private const val TOKENS_PER_PRICE = 1_000_000
