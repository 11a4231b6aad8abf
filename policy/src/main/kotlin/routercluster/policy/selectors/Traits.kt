package routercluster.policy.selectors

import routercluster.policy.conversations.digestOf
import routercluster.policy.encode.HeadRef
import routercluster.policy.signals.cosine

/**
 * What is known of one request, of that which its decision's selector [Need]s. What is null is not known, and [why] tells why. For one
 * thread.
 *
 * The embedding itself is never recorded, since a text can be guessed from it: selectors get at it by [derived], and what that comes to
 * is recorded in its place. Nor is the unit of experiments, but the [arm] that it fell into.
 *
 * @property domains probability of each label of the domain head, 0..1 and together 1, also where the head would rather not say
 * @property complexity 0, easy, to 1, hard
 * @property promptTokens estimate for the whole prompt
 * @property textLength of the newest user message, in UTF-16 units
 * @property moneyLeft of the caller's limits of money, the least of them, in the policy's currency
 * @property lacks why what is needed is not known
 */
class Traits(
    private val embedding: FloatArray? = null,
    val domains: Map<String, Double>? = null,
    val complexity: Double? = null,
    val promptTokens: Int? = null,
    val textLength: Int = 0,
    val session: SessionFacts? = null,
    val lacks: Map<Need, String> = emptyMap(),
    noted: Map<String, Map<String, Double>> = emptyMap(),
    private val unit: String? = null,
    arm: ArmNote? = null,
    private val advised: Map<HeadRef, Advised> = emptyMap(),
    private val user: String? = null,
    val moneyLeft: Double? = null,
    halves: List<Half>? = null,
) {
    /** What was read of a half of the text; as of the whole. */
    class Half(
        val embedding: FloatArray?,
        val domains: Map<String, Double>?,
        val complexity: Double?,
        val textLength: Int,
        val lacks: Map<Need, String> = emptyMap(),
        val noted: Map<String, Map<String, Double>> = emptyMap(),
    )

    /** Of the text's halves, each read for itself; all else is as of the whole. Null where nobody read them. */
    val halves: List<Traits>? = halves?.map {
        Traits(
            it.embedding,
            it.domains,
            it.complexity,
            promptTokens,
            it.textLength,
            session,
            it.lacks,
            it.noted,
            unit,
            null,
            advised,
            user,
            moneyLeft,
        )
    }
    private val notes = LinkedHashMap(noted)
    private var wantedInVain = false
    private var armWantedInVain = false
    private var adviceWantedInVain = false
    private var userWantedInVain = false

    /** Whether a selector would go by [halves], and nobody read them. */
    var halvesWantedInVain = false
        private set

    /** Null where no experiment has split. */
    var arm: ArmNote? = arm
        private set

    /** What selectors made of it, by the names that they gave it. */
    val noted: Map<String, Map<String, Double>> get() = notes

    /**
     * What [compute] makes of the embedding, once under each [name]; the one that was recorded where this is a record's. Null where
     * neither is there. Few numbers, since records keep them.
     */
    fun derived(name: String, compute: (FloatArray) -> Map<String, Double>): Map<String, Double>? {
        notes[name]?.let { return it }
        if (embedding == null) {
            wantedInVain = true
            return null
        }
        return compute(embedding).also { notes[name] = it }
    }

    /** The [halves], which a selector goes by now. */
    internal fun readHalves(): List<Traits>? {
        if (halves == null) halvesWantedInVain = true
        return halves
    }

    /** Cosine of the vectors of the [halves], -1 to 1; the one that was recorded where this is a record's. Null where neither is there. */
    internal fun halvesAlike(): Double? {
        notes[HALVES]?.let { return it[COSINE] }
        val (first, second) = halves?.map { it.embedding ?: return null } ?: return null
        return cosine(first, second).also { notes[HALVES] = mapOf(COSINE to it) }
    }

    /**
     * The arm of [experiment], one of [arms], that is recorded, else that which [assign] gives the unit. Null where neither is there.
     */
    internal fun arm(experiment: String, arms: Set<String>, assign: (unit: String) -> ArmNote): ArmNote? {
        arm?.takeIf { it.experiment == experiment && it.arm in arms }?.let { return it }
        if (unit == null) {
            armWantedInVain = true
            return null
        }
        return assign(unit).also { arm = it }
    }

    /** The label that the language model behind [ref] chose; the one that was recorded where this is a record's. Null where it chose none. */
    internal fun advised(ref: HeadRef): String? {
        val name = "advice ${ref.head}"
        notes[name]?.let { return it.keys.first() }
        val chosen = (advised[ref] as? Advised.Chosen)?.label
        if (chosen == null) adviceWantedInVain = true else notes[name] = mapOf(chosen to 1.0)
        return chosen
    }

    /** A number for whose request it is, the same on every node, from which nobody can tell who it is. Null where nobody knows. */
    internal fun person(): Int? {
        if (user == null) userWantedInVain = true
        return user?.let { digestOf("person", it).take(PERSON_DIGITS).toLong(HEXADECIMAL).toInt() }
    }

    /** What stands under [name]; null where nothing does. */
    internal fun noted(name: String): Map<String, Double>? = notes[name]

    /** Records [values] under [name]: what a selector made of all that it knew, so that a replay need not make it again. */
    internal fun note(name: String, values: Map<String, Double>) {
        notes[name] = values
    }

    /** Why [need] is not known, in words. */
    fun why(need: Need): String = lacks[need] ?: "the ${need.key} is not known"

    /** What is kept of it in a record. */
    fun recorded(): Traits {
        val kept = halves?.map { Half(null, it.domains, it.complexity, it.textLength, it.lacks, it.notes) }
        return Traits(
            null,
            domains,
            complexity,
            promptTokens,
            textLength,
            session,
            lacks,
            notes,
            null,
            arm,
            moneyLeft = moneyLeft,
            halves = kept,
        )
    }

    /** Of the [needs] of a selector that has ranked, those that this, a record's, says nothing of: not even that they could not be had. */
    fun unrecorded(needs: Set<Need>): Set<Need> = needs.filterTo(mutableSetOf()) { it !in lacks && isMissing(it) }

    private fun isMissing(need: Need): Boolean =
        when (need) {
            Need.EMBEDDING -> wantedInVain
            Need.DOMAIN -> domains == null
            Need.COMPLEXITY -> complexity == null
            Need.HALVES -> halvesWantedInVain
            Need.PROMPT_TOKENS -> promptTokens == null
            Need.SESSION -> session == null
            Need.ADVICE -> adviceWantedInVain
            Need.USER -> userWantedInVain
            Need.BUDGET -> moneyLeft == null
            Need.UNIT -> armWantedInVain
        }

    companion object {
        /** Of a request of which nothing was asked. */
        val NONE: Traits get() = Traits()

        private const val HALVES = "halves"
        private const val COSINE = "cosine"
        private const val PERSON_DIGITS = 8
        private const val HEXADECIMAL = 16
    }
}
