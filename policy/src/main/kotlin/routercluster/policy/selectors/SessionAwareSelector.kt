package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Section
import routercluster.policy.models.Pricing
import routercluster.policy.signals.Exemplars
import java.time.Duration
import kotlin.math.pow

/**
 * When a conversation changes its model. Defaults are the seed's.
 *
 * @property idleTimeout silence after which it is free
 * @property turnsMin answers before the first change
 * @property margin gain below which it stays, in units of the score
 * @property stabilityWeight how much the cost of a change counts
 * @property handoff cost of any change
 * @property cacheWeight cost of losing a cache of the whole prompt that is warm
 * @property historyWeight cost of a change after eight others
 * @property costMultiplierMax how many times as dear reading the prompt anew may count
 * @property stayBonus what the model of the last turn has before the others
 */
data class SwitchProtection(
    val idleTimeout: Duration = Duration.ofSeconds(300),
    val turnsMin: Int = 1,
    val margin: Double = 0.05,
    val stabilityWeight: Double = 1.0,
    val handoff: Double = 0.05,
    val cacheWeight: Double = 0.20,
    val historyWeight: Double = 0.04,
    val costMultiplierMax: Double = 2.5,
    val stayBonus: Double = 0.10,
)

/**
 * Keeps the model of a conversation's last turn unless what [base] puts first gains enough:
 *
 * `gain >= margin + stayBonus + stabilityWeight * (handoff + cacheWeight * mass * warmth * dearer + historyWeight * min(switches / 8, 1))`
 *
 * with the gain in score, 0..1; `mass = .45 reuse + .35 min(reused tokens / 8192, 1) + .20 min(turns / 8, 1)`; `warmth = 1/2^(time since
 * the last turn / 60 s)`; `dearer` the price of a prompt token of the other model over that of a cached one of this, between 1 and
 * [SwitchProtection.costMultiplierMax], and 1 where prices are not known. What is not known of the cache costs nothing, and the reason says so.
 *
 * It never changes while a tool loop is open, while a provider holds state that no other model can go on from, or for the sake of
 * exploring. It is free where nobody knows the last model, after [SwitchProtection.idleTimeout], and where that model is no candidate, is barred, or
 * fails: all of its last attempts did. A provider's state keeps it there even then, since no other model could answer.
 */
data class SessionAwareSelector(val base: Selector, val protection: SwitchProtection = SwitchProtection()) : Selector {
    override val needs: Set<Need> get() = base.needs + Need.SESSION + Need.PROMPT_TOKENS
    override val advices: List<Advice> get() = base.advices
    override val exemplars: Exemplars? get() = base.exemplars

    override fun bound(candidates: List<Candidate>, catalog: Catalog): Selector = copy(base = base.bound(candidates, catalog))

    override fun prepared(vectors: List<FloatArray>): Selector = copy(base = base.prepared(vectors))

    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val ranked = base.rank(candidates, context)
        val session = context.traits.session ?: return ranked.noting(context.traits.why(Need.SESSION))
        val current = ranked.firstOrNull { it.candidate.model.name == session.model }
        val free = freedom(session, current, context)
        if (current == null || free != null) return ranked.noting("free to change: $free")
        val lock = lock(session)
        return if (lock == null) weighed(ranked, current, session, context.traits) else ranked.keeping(current, lock).certain()
    }

    /** Why the conversation may go anywhere; null where it is protected. */
    private fun freedom(session: SessionFacts, current: Ranked?, context: SelectionContext): String? {
        val since = session.sinceLast
        val performance = current?.let { context.measured.statistics(it.candidate.model.name).performance }
        return when {
            session.model == null -> "the model of the last turn is not known"
            current == null -> "${session.model} is no candidate"
            session.isBound -> null
            since != null && since >= protection.idleTimeout -> "the last turn was ${since.toSeconds()} s ago"
            current.isBarred -> "${session.model} is barred"
            performance?.isFailing == true -> "${session.model} fails"
            else -> null
        }
    }

    private fun lock(session: SessionFacts): String? =
        when {
            session.isBound -> "its provider holds state of the conversation"
            session.toolLoopOpen -> "a tool loop is open"
            session.turns < protection.turnsMin -> "${session.turns} of ${protection.turnsMin} turns before a change"
            else -> null
        }

    private fun weighed(ranked: List<Ranked>, current: Ranked, session: SessionFacts, traits: Traits): List<Ranked> {
        val first = ranked.first()
        if (first === current) return ranked
        val gain = if (first.isExplored) 0.0 else (first.score - current.score).coerceIn(0.0, 1.0)
        val cache = cacheCost(session, traits, current.candidate.model.pricing, first.candidate.model.pricing)
        val history = protection.historyWeight * (session.switches / MANY).coerceAtMost(1.0)
        val change = protection.stabilityWeight * (protection.handoff + (cache ?: 0.0) + history)
        val needed = protection.margin + protection.stayBonus + change
        val told = "gain ${rounded(gain, 3)}, needed ${rounded(needed, 3)}" + if (cache == null) ", cache not known" else ""
        val parts = mapOf("gain" to gain, "needed" to needed)
        val decided =
            if (gain >= needed) {
                ranked.noting("changes from ${session.model}: $told")
            } else {
                ranked.keeping(current, if (first.isExplored) "not left for the sake of exploring; $told" else told)
            }
        val chosen = decided.mapIndexed { place, it -> if (place == 0) it.copy(parts = it.parts + parts) else it }
        return if (first.propensity == 1.0) chosen.certain() else chosen.map { it.copy(propensity = null) }
    }

    /** Null where it is not known how much of the prompt is in a cache, or how warm that is. */
    private fun cacheCost(session: SessionFacts, traits: Traits, own: Pricing?, other: Pricing?): Double? {
        val reuse = session.reuse ?: return null
        val since = session.sinceLast ?: return null
        val tokens = traits.promptTokens ?: return null
        val mass = 0.45 * reuse + 0.35 * (reuse * tokens / 8_192).coerceAtMost(1.0) + 0.20 * (session.turns / MANY).coerceAtMost(1.0)
        val warmth = 0.5.pow(since.toMillis() / HALF_LIFE_MILLIS)
        return protection.cacheWeight * mass * warmth * dearer(own, other)
    }

    private fun dearer(own: Pricing?, other: Pricing?): Double {
        val cached = own?.let { it.cachedInputPerMillion ?: it.promptPerMillion } ?: return 1.0
        val anew = other?.promptPerMillion ?: return 1.0
        val most = protection.costMultiplierMax
        return if (cached > 0.0) {
            (anew / cached).coerceIn(1.0, most)
        } else if (anew > 0.0) {
            most
        } else {
            1.0
        }
    }

    companion object {
        private const val MANY = 8.0
        private const val HALF_LIFE_MILLIS = 60_000.0

        /** Protection around the selector that `fallback_method` names, with its default parameters. */
        internal fun read(parameters: Section?): Selector {
            val base = parameters?.oneOf("fallback_method", baseSelectors) ?: SelectorReader { StaticSelector }
            return SessionAwareSelector(base.read(null), readProtection(parameters))
        }

        internal fun readProtection(section: Section?): SwitchProtection {
            val default = SwitchProtection()
            return SwitchProtection(
                section?.int("idle_timeout_seconds", 0..86_400)?.let { Duration.ofSeconds(it.toLong()) } ?: default.idleTimeout,
                section?.int("min_turns_before_switch", 0..10_000) ?: default.turnsMin,
                section?.double("switch_margin", SHARES) ?: default.margin,
                section?.double("stability_weight", 0.0..1_000.0) ?: default.stabilityWeight,
                section?.double("handoff_penalty", SHARES) ?: default.handoff,
                section?.double("cache_weight", SHARES) ?: default.cacheWeight,
                section?.double("switch_history_weight", SHARES) ?: default.historyWeight,
                section?.double("max_cache_cost_multiplier", 1.0..100.0) ?: default.costMultiplierMax,
                section?.double("stay_bias", SHARES) ?: default.stayBonus,
            )
        }
    }
}

private fun List<Ranked>.noting(what: String): List<Ranked> =
    mapIndexed { place, it -> if (place == 0) it.copy(reason = "${it.reason}; $what") else it }

/** With [current] first, as high as what it takes the place of. */
private fun List<Ranked>.keeping(current: Ranked, why: String): List<Ranked> {
    val kept = current.copy(score = first().score, reason = "${current.reason}; kept from the last turn: $why")
    return listOf(kept) + filter { it !== current }
}
