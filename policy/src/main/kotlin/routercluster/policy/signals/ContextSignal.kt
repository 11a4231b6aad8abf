package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.request.Facts

/**
 * A rule of `routing.signals.context` as written. Counts may end in `K` (1,000, not 1,024) or `M` (1,000,000) and may then
 * have decimals: `1.5K`.
 *
 * @property maxTokens null has no bound
 */
data class RawContext(
    override val name: String,
    override val at: Location,
    val description: String?,
    val minTokens: String?,
    val minAt: Location,
    val maxTokens: String?,
    val maxAt: Location,
) : RawSignal {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val least = tokens(minTokens, minAt, 0, problems) ?: return null
        val most = tokens(maxTokens, maxAt, Int.MAX_VALUE, problems) ?: return null
        if (least > most) {
            problems.add(maxAt, "is below min_tokens", maxTokens, "at least $least")
            return null
        }
        return ContextSignal(name, least..most)
    }

    private fun tokens(written: String?, at: Location, absent: Int, problems: Problems): Int? {
        if (written.isNullOrBlank()) return absent
        return parseTokens(written) ?: null.also { problems.add(at, "wrong value", written, "a token count such as 999, 32K or 1.5M") }
    }

    companion object {
        fun read(section: Section): RawContext {
            if (!section.has("min_tokens") && !section.has("max_tokens")) {
                section.problems.add(section.here, "has no bound", accepted = "min_tokens, max_tokens or both")
            }
            return RawContext(
                name = section.requiredString("name"),
                at = section.here,
                description = section.string("description"),
                minTokens = section.string("min_tokens"),
                minAt = section.at("min_tokens"),
                maxTokens = section.string("max_tokens"),
                maxAt = section.at("max_tokens"),
            ).also { section.close() }
        }
    }
}

private val tokenCount = Regex("""(\d{1,10}(?:\.\d{1,6})?) ?([KkMm]?)""")
private val tokenUnits = mapOf("" to 1.0, "K" to 1_000.0, "M" to 1_000_000.0)

private fun parseTokens(written: String): Int? {
    val (number, unit) = tokenCount.matchEntire(written.trim())?.destructured ?: return null
    if (unit.isEmpty() && '.' in number) return null
    val tokens = number.toDouble() * tokenUnits.getValue(unit.uppercase())
    return tokens.takeIf { it <= Int.MAX_VALUE }?.toInt()
}

/**
 * Tells whether the tokens of the whole prompt, which are its value, lie in [range], both ends included. They are estimated, and are never
 * fewer than a quarter of the texts' bytes: bounds of policies are written for that count, and a prompt is better taken for too long
 * than sent to a model that it does not fit.
 */
internal class ContextSignal(name: String, private val range: IntRange) : Signal {
    override val ref = SignalRef("context", name)
    override val cost = Cost.SCAN

    override fun read(facts: Facts): Reading {
        val tokens = maxOf(facts.promptTokens, facts.quarterOfBytes)
        val matched = tokens in range
        return Reading.Seen(matched, if (matched) 1.0 else 0.0, tokens.toDouble())
    }
}
