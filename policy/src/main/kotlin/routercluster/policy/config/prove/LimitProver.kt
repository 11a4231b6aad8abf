package routercluster.policy.config.prove

import routercluster.policy.Recipe
import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.config.raw.RawLimitMatch
import routercluster.policy.config.raw.RawLimitProvider
import routercluster.policy.config.raw.RawLimitRule
import routercluster.policy.config.raw.RawLimitRules
import routercluster.policy.config.raw.RawRateLimit
import routercluster.policy.config.raw.RawUnitRule
import routercluster.policy.limits.Dimension
import routercluster.policy.limits.LimitAlgorithm
import routercluster.policy.limits.LimitKind
import routercluster.policy.limits.LimitMatch
import routercluster.policy.limits.LimitRule
import routercluster.policy.limits.LimitRules
import routercluster.policy.limits.LimitService
import routercluster.policy.limits.Pace
import routercluster.policy.models.Model
import java.time.Duration
import kotlin.math.floor

/** Proves limits. A rule that could never match, or that would let something pass uncounted, is a problem rather than no limit. */
internal class LimitProver(private val models: Map<String, Model>, recipes: List<Recipe>, private val problems: Problems) {
    private val decisions = recipes.flatMap { it.decisions }.map { it.name }.toSet()
    private val currencies = models.values.mapNotNull { it.pricing?.currency }.toSet()

    fun prove(seed: RawRateLimit?, ours: RawLimitRules?): LimitRules {
        val unitRules = seed
            ?.providers
            .orEmpty()
            .filterNot { it.isService }
            .flatMap { it.rules }
        refuseDuplicates(unitRules.map { it.name } + ours?.rules.orEmpty().map { it.name }, "limit", problems)
        (unitRules.map { it.name } + ours?.rules.orEmpty().map { it.name }).filter { it.value.length > NAME_CHARS_MAX }.forEach {
            problems.add(it.at, "is too long a name", accepted = "at most $NAME_CHARS_MAX characters")
        }
        seed?.providers.orEmpty().forEach(::refuseMisplaced)
        return LimitRules(
            unitRules.flatMap { unitRule(it, seed?.failOpen ?: false) } +
                ours?.rules.orEmpty().mapNotNull { rule(it, ours?.failOpen ?: false) },
            seed
                ?.providers
                .orEmpty()
                .filter { it.isService }
                .mapNotNull { service(it, seed?.failOpen ?: false) },
        )
    }

    private fun refuseMisplaced(provider: RawLimitProvider) {
        if (provider.isService) {
            provider.rules.firstOrNull()?.let { problems.add(provider.section.at("rules"), "belong to the service's own configuration") }
        } else {
            listOfNotNull(
                provider.address,
                provider.domain,
            ).forEach { problems.add(it.at, "belongs to a provider of type envoy-ratelimit") }
        }
    }

    private fun service(provider: RawLimitProvider, failOpen: Boolean): LimitService? {
        val address = provider.address
        val domain = provider.domain
        if (address == null &&
            !provider.section.has("address")
        ) {
            problems.add(provider.section.at("address"), "is required", accepted = HOST_PORT)
        }
        if (domain == null &&
            !provider.section.has("domain")
        ) {
            problems.add(provider.section.at("domain"), "is required", accepted = "a name")
        }
        if (address != null && parseHostPort(address.value, defaultPort = null) == null) {
            problems.add(address.at, "is not an address", address.value, HOST_PORT)
        }
        return if (address == null || domain == null) null else LimitService(address.value, domain.value, failOpen)
    }

    /** Two limits in one, as the seed has them, for each user and model. */
    private fun unitRule(raw: RawUnitRule, failOpen: Boolean): List<LimitRule> {
        val match = match(raw.match)
        if (raw.requests == 0 && raw.tokens == 0) problems.notice(raw.name.at, "limits nothing: it names neither requests nor tokens")
        return listOf(LimitKind.REQUESTS to raw.requests, LimitKind.TOKENS to raw.tokens)
            .filter { (_, amount) -> amount > 0 }
            .map { (kind, amount) ->
                val pace = Pace(LimitAlgorithm.SLIDING_WINDOW, amount.toLong(), raw.unit.toMillis())
                LimitRule(raw.name.value, kind, pace, setOf(Dimension.USER, Dimension.MODEL), match, failOpen)
            }
    }

    private fun rule(raw: RawLimitRule, failOpen: Boolean): LimitRule? {
        val algorithm = raw.algorithm ?: LimitAlgorithm.SLIDING_WINDOW
        val match = match(raw.match)
        val currency = if (raw.kind == LimitKind.COST) currency(raw) else null
        if (raw.kind != LimitKind.COST && raw.currency != null) problems.add(raw.currency.at, "belongs to a limit of kind cost")
        if (raw.burst != null && algorithm != LimitAlgorithm.TOKEN_BUCKET) {
            problems.add(raw.burstAt, "belongs to the algorithm token_bucket")
        }
        if (raw.kind != LimitKind.COST) {
            listOf(raw.amount to raw.amountAt, raw.burst to raw.burstAt)
                .filter { (amount, _) -> amount != null && amount != floor(amount) }
                .forEach { (amount, at) -> problems.add(at, "wrong value", "$amount", "a whole number of ${raw.kind.label}") }
        }
        if (raw.burst != null && raw.burst > raw.amount * Pace.BURST_WINDOWS_MAX) {
            problems.add(
                raw.burstAt,
                "would take too long to flow back",
                "${raw.burst}",
                "at most ${Pace.BURST_WINDOWS_MAX} times the amount",
            )
        }
        if (!problems.none) return null
        val unit = if (raw.kind == LimitKind.COST) MICROS else 1
        val amount = (raw.amount * unit).toLong().coerceIn(1, Pace.AMOUNT_MAX)
        val burst = raw.burst?.let { (it * unit).toLong().coerceIn(1, Pace.AMOUNT_MAX) } ?: amount
        val pace = Pace(algorithm, amount, (raw.window ?: DEFAULT_WINDOW).toMillis(), burst)
        return LimitRule(raw.name.value, raw.kind, pace, raw.per, match, failOpen, currency)
    }

    private fun match(raw: RawLimitMatch): LimitMatch {
        refuseUnknown(raw.model, models.keys, "unknown model")
        refuseUnknown(raw.decision, decisions, "unknown decision")
        return LimitMatch(raw.user?.value, raw.group?.value, raw.team?.value, raw.model?.value, raw.decision?.value)
    }

    private fun refuseUnknown(name: Text?, known: Set<String>, message: String) {
        if (name != null && name.value != LimitMatch.ANY) unknownName(name, message, known, problems)
    }

    /** What has no price in the currency of a limit would pass it uncounted. */
    private fun currency(raw: RawLimitRule): String? {
        val currency = raw.currency?.value ?: currencies.singleOrNull()
        if (currency == null) {
            problems.add(raw.currencyAt, "is required: no single currency is that of all prices", accepted = currencies.joinToString(", "))
            return null
        }
        val matched = raw.match.model
            ?.value
            ?.takeUnless { it == LimitMatch.ANY }
        val uncounted = models.values.filter { (matched == null || it.name == matched) && it.pricing?.currency != currency }
        if (uncounted.isNotEmpty()) {
            val names = uncounted.joinToString(", ") { it.name }
            problems.add(
                raw.name.at,
                "would not count models without a price in $currency: $names",
                accepted = "a price for each, or a match.model",
            )
        }
        return currency
    }

    private companion object {
        const val MICROS = 1_000_000
        const val NAME_CHARS_MAX = 100
        const val HOST_PORT = "host:port"
        val DEFAULT_WINDOW: Duration = Duration.ofMinutes(1)
    }
}
