package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.conversations.ConversationName
import routercluster.policy.conversations.digestOf
import routercluster.policy.signals.Exemplars
import kotlin.random.Random

/**
 * One way of an experiment.
 *
 * @property share of all units, 0..1
 * @property models names of those that it may pick; null for every candidate
 */
class Arm(val name: String, val share: Double, val selector: Selector, val models: Set<String>? = null) {
    /** Those of [candidates] that it may pick; all where it may pick none, since some answer is better than none. */
    internal fun own(candidates: List<Candidate>): List<Candidate> =
        if (models == null) candidates else candidates.filter { it.model.name in models }.ifEmpty { candidates }

    internal fun with(selector: Selector) = Arm(name, share, selector, models)
}

/**
 * In which arm of an experiment a request was.
 *
 * @property unit a digest of what the split went by, another one in each experiment: what is of one unit is told apart by it
 * @property shares of all arms as they were then, by name, 0..1 and together 1
 */
data class ArmNote(val experiment: String, val arm: String, val unit: String, val shares: Map<String, Double>)

/**
 * Splits requests among [arms] by the conversation that they are of. The arm is a pure function of the experiment's [name] and the unit (see
 * [unitOf]): every node comes to the same, a conversation keeps its arm, and two experiments split independently. A request of which nobody
 * knows the unit takes the first arm and is noted in none.
 *
 * All arms rank every request, so that its record holds what each goes by; [chances] are those over all units.
 */
class ExperimentSelector(val name: String, val arms: List<Arm>) : Selector {
    private val shares = arms.associate { it.name to it.share }

    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val note = context.traits.arm(name, shares.keys) { unit ->
            digestOf(name, unit).let {
                ArmNote(name, armAt(it).name, it.take(UNIT_DIGITS), shares)
            }
        }
        val arm = arms.firstOrNull { it.name == note?.arm } ?: arms.first()
        arms.filter { it !== arm }.forEach { other ->
            other.selector.rank(other.own(candidates), SelectionContext(Random(0), context.measured, context.traits))
        }
        val own = arm.own(candidates)
        val ranked = arm.selector.rank(own, context).map { it.copy(propensity = null) }
        val lowest = minOf(ranked.last().score, 0.0)
        val others = candidates.filterNot { it in own }.map { Ranked(it, lowest, "not in the arm ${arm.name}") }
        val why = if (note == null) "; ${context.traits.why(Need.UNIT)}" else ""
        val first = ranked.first().let { it.copy(reason = "${it.reason}; arm ${arm.name} of the experiment $name$why") }
        return listOf(first) + ranked.drop(1) + others
    }

    override fun chances(candidates: List<Candidate>, context: SelectionContext): List<Double> {
        val byArm = arms.map { arm ->
            val own = arm.own(candidates)
            val chances = arm.selector.propensities(own, context.measured, context.traits)
            own.associate { it.label to arm.share * chances.getValue(it.label) }
        }
        return candidates.map { candidate -> byArm.sumOf { it[candidate.label] ?: 0.0 } }
    }

    /** Arms lie one after another on 0..1, each as long as its share; the last takes what rounding leaves. */
    private fun armAt(digest: String): Arm {
        val place = digest.take(HASH_DIGITS).toLong(HEXADECIMAL).toDouble() / (1L shl HASH_DIGITS * BITS_PER_DIGIT)
        var end = 0.0
        return arms.firstOrNull { arm ->
            end += arm.share
            place < end
        } ?: arms.last()
    }

    /** With every arm's selector in [other]'s hands. */
    internal fun within(other: (Selector) -> Selector) = ExperimentSelector(name, arms.map { it.with(other(it.selector)) })

    override val needs: Set<Need> get() = arms.flatMapTo(LinkedHashSet()) { it.selector.needs } + Need.UNIT
    override val advices: List<Advice> get() = arms.flatMap { it.selector.advices }.distinctBy { it.ref }

    override fun bound(candidates: List<Candidate>, catalog: Catalog): Selector =
        ExperimentSelector(name, arms.map { it.with(it.selector.bound(it.own(candidates), catalog)) })

    /** Those of all arms, one after another: all are embedded alike, since there is one embedding head. */
    override val exemplars: Exemplars? get() {
        val all = arms.mapNotNull { it.selector.exemplars }
        val first = all.firstOrNull() ?: return null
        return Exemplars(first.by, all.flatMap { it.texts }, first.shape)
    }

    override fun prepared(vectors: List<FloatArray>): Selector {
        var taken = 0
        val ready = arms.map { arm ->
            val count = arm.selector.exemplars
                ?.texts
                ?.size ?: 0
            val own = vectors.subList(taken, taken + count)
            taken += count
            if (count == 0) arm else arm.with(arm.selector.prepared(own))
        }
        return ExperimentSelector(name, ready)
    }

    companion object {
        /** How many arms an experiment has; all of them rank every request. */
        val ARMS = 2..8

        /** 52 bits: as many as a number between 0 and 1 holds without rounding. */
        private const val HASH_DIGITS = 13
        private const val BITS_PER_DIGIT = 4
        private const val HEXADECIMAL = 16
        private const val UNIT_DIGITS = 16
    }
}

/** What experiments split by: the conversation that the client names, else the [user], else the request itself. */
fun unitOf(conversation: ConversationName?, user: String?, request: String): String =
    conversation?.takeIf { it.isNamed }?.let { "conversation ${it.id}" } ?: user?.let { "user $it" } ?: "request $request"
