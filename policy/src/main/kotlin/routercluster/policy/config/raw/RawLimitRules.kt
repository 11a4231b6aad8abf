package routercluster.policy.config.raw

import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.choose
import routercluster.policy.config.format.limitAmounts
import routercluster.policy.limits.Dimension
import routercluster.policy.limits.LimitAlgorithm
import routercluster.policy.limits.LimitKind
import routercluster.policy.limits.Pace
import java.time.Duration

/** The section `global.services.ratelimit`, the seed's. */
internal class RawRateLimit(val failOpen: Boolean?, val providers: List<RawLimitProvider>)

internal class RawLimitProvider(
    val section: Section,
    val isService: Boolean,
    val address: Text?,
    val domain: Text?,
    val rules: List<RawUnitRule>,
)

internal class RawUnitRule(val name: Text, val match: RawLimitMatch, val requests: Int, val tokens: Int, val unit: Duration)

/** The section `gateway.rate_limits`, ours. */
internal class RawLimitRules(val failOpen: Boolean?, val rules: List<RawLimitRule>)

internal class RawLimitRule(
    val name: Text,
    val kind: LimitKind,
    val amount: Double,
    val amountAt: Location,
    val window: Duration?,
    val algorithm: LimitAlgorithm?,
    val burst: Double?,
    val burstAt: Location,
    val currency: Text?,
    val currencyAt: Location,
    val per: Set<Dimension>,
    val match: RawLimitMatch,
)

internal class RawLimitMatch(
    val user: Text? = null,
    val group: Text? = null,
    val team: Text? = null,
    val model: Text? = null,
    val decision: Text? = null,
)

private val units =
    mapOf(
        "second" to Duration.ofSeconds(1),
        "minute" to Duration.ofMinutes(1),
        "hour" to Duration.ofHours(1),
        "day" to Duration.ofDays(1),
    )
private val providerTypes = mapOf("envoy-ratelimit" to true, "local-limiter" to false)
private val kinds = LimitKind.entries.associateBy { it.label }
private val algorithms = LimitAlgorithm.entries.associateBy { it.label }
private val dimensions = Dimension.entries.associateBy { it.label }

internal fun readRateLimit(section: Section) =
    RawRateLimit(section.boolean("fail_open"), section.sections("providers").mapNotNull(::readProvider))

private fun readProvider(section: Section): RawLimitProvider? {
    val isService = section.required("type") { section.oneOf(it, providerTypes) }
    val provider = RawLimitProvider(
        section,
        isService ?: false,
        section.text("address"),
        section.text("domain"),
        section.sections("rules").mapNotNull(::readUnitRule),
    )
    return provider.takeIf { isService != null }
}

private fun readUnitRule(section: Section): RawUnitRule? {
    val name = section.requiredText("name")
    val match = section.section("match")
    val who = RawLimitMatch(match?.text("user"), match?.text("group"), model = match?.text("model"))
    val requests = section.int("requests_per_unit", 0..1_000_000_000) ?: 0
    val tokens = section.int("tokens_per_unit", 0..Int.MAX_VALUE) ?: 0
    val unit = section.required("unit") { section.oneOf(it, units) }
    return if (name == null || unit == null) null else RawUnitRule(name, who, requests, tokens, unit)
}

internal fun readLimitRules(section: Section) = RawLimitRules(
    section.boolean("fail_open"),
    section.sections("rules").mapNotNull(::readLimitRule),
)

private fun readLimitRule(section: Section): RawLimitRule? {
    val name = section.requiredText("name")
    val kind = section.required("kind") { section.oneOf(it, kinds) }
    val amount = section.required("amount") { section.double(it, limitAmounts) }
    val window = section.duration("window", Pace.WINDOW_MIN..Pace.WINDOW_MAX)
    val algorithm = section.oneOf("algorithm", algorithms)
    val burst = section.double("burst", limitAmounts)
    val currency = section.text("currency")
    val per = section.texts("per").mapNotNull { choose(it, dimensions, emptyList(), section.problems) }
    val match = section.section("match")
    val who =
        RawLimitMatch(match?.text("user"), match?.text("group"), match?.text("team"), match?.text("model"), match?.text("decision"))
    if (name == null || kind == null || amount == null) return null
    return RawLimitRule(
        name,
        kind,
        amount,
        section.at("amount"),
        window,
        algorithm,
        burst,
        section.at("burst"),
        currency,
        section.at("currency"),
        per.toSet(),
        who,
    )
}

private fun <T> Section.required(key: String, read: (String) -> T?): T? {
    if (!has(key)) problems.add(at(key), "is required")
    return read(key)
}
