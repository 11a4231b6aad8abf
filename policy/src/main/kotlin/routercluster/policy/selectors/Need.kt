package routercluster.policy.selectors

import routercluster.policy.catalog.Slot

/**
 * What a selector may need to know of a request.
 *
 * @property slot whose head tells it; null where no encoder has to be asked
 */
enum class Need(val slot: Slot? = null) {
    /** A vector of the newest user message, of unit length. */
    EMBEDDING(Slot.EMBEDDING),

    /** What that message is about. */
    DOMAIN(Slot.DOMAIN),

    /** How hard it is. */
    COMPLEXITY(Slot.COMPLEXITY),

    /** What both its halves say, each read for itself; asked for only where a selector then wants them, see [Traits.readHalves]. */
    HALVES,

    /** How many tokens the whole prompt has. */
    PROMPT_TOKENS,

    /** What came before in the conversation. */
    SESSION,

    /** Which candidate a language model says should answer. */
    ADVICE,

    /** Whose request it is, by whose verdicts it is answered. */
    USER,

    /** How much the caller may still spend, where limits tell. */
    BUDGET,

    /** Whose request it is, by which an experiment splits. */
    UNIT,
    ;

    /** In records and reasons. */
    val key: String = name.lowercase()
}
