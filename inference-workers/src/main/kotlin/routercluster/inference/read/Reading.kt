package routercluster.inference.read

import routercluster.inference.network.Findings
import routercluster.inference.network.Want
import routercluster.inference.text.Tokenizer
import routercluster.inference.text.Tokens
import routercluster.inference.text.Window
import routercluster.inference.text.WindowPlan

/** A text, or two, to be read once for all who ask. */
internal data class ReadingKey(val text: String, val pair: String?)

/** What is wanted of a reading. Grows while a request is planned. */
internal class ReadingDraft(val key: ReadingKey) {
    val wants = LinkedHashSet<Want>()
    var withPlaces = false

    /** Tokenises it and lays windows over it. */
    fun prepare(tokenizer: Tokenizer, plan: WindowPlan): Reading {
        val frame = if (key.pair == null) tokenizer.single else tokenizer.pair
        val most = plan.tokensMax(frame)
        val first = tokenizer.read(key.text, most, withPlaces && key.pair == null)
        if (key.pair == null) return Reading(this, plan.lay(first, frame), first, null)
        val second = tokenizer.read(key.pair, most, withPlaces)
        val shares = plan.share(first.ids.size, second.ids.size, frame)
        val windows = plan.lay(first, second, shares, frame)
        return Reading(
            this,
            windows,
            tokenizer.endingAt(shares.firsts.last().until, first, key.text, false),
            tokenizer.endingAt(shares.seconds.last().until, second, key.pair, withPlaces),
        )
    }
}

/** [tokens] of [text] where all of them are in windows, else those before [until] with what they cover. */
private fun Tokenizer.endingAt(until: Int, tokens: Tokens, text: String, withPlaces: Boolean): Tokens =
    if (until >= tokens.ids.size) tokens else read(text, until, withPlaces)

/**
 * A text laid out in windows, and what the network found in each.
 *
 * @property first tokens of the text
 * @property second tokens of the pair, if there is one
 */
internal class Reading(draft: ReadingDraft, val windows: List<Window>, val first: Tokens, val second: Tokens?) {
    val key: ReadingKey = draft.key
    val wants: Set<Want> = draft.wants
    private val findings = arrayOfNulls<Findings>(windows.size)

    /** Every window's, once all of them were found. */
    val found: List<Findings> get() = findings.map { requireNotNull(it) { "a window has not been read" } }

    fun found(window: Int, finding: Findings) {
        findings[window] = finding
    }
}
