package routercluster.policy.language

import routercluster.policy.Policy
import routercluster.policy.Strategy
import routercluster.policy.dsl.Level
import routercluster.policy.dsl.Parsed
import routercluster.policy.dsl.check
import routercluster.policy.dsl.parseProgram
import routercluster.policy.dsl.render

/** Rounds in which a model may mend its draft. */
const val REPAIRS_MAX = 3

/** Messages to a model about one draft. */
private const val COMPLAINTS_MAX = 20

/**
 * What a router says of a program.
 *
 * @property problems what keeps it from serving
 * @property remarks what it says although it can hardly be meant
 */
class Judgement(val problems: List<String>, val remarks: List<String>)

/** What a model said. With [isCut] it had more to say than it was allowed. */
class ModelAnswer(val text: String, val isCut: Boolean = false)

/** Where a conversation with a model about a change of a policy stands. */
sealed interface Drafting {
    /** @property turns what the model is to answer next */
    class Asking internal constructor(
        val turns: List<Turn>,
        internal val base: Parsed,
        internal val byConfidence: Boolean,
        internal val repairs: Int = 0,
        internal val usable: Drafted? = null,
    ) : Drafting

    /**
     * @property text the base with the change
     * @property remarks what stayed of the router's remarks
     */
    class Drafted(val text: String, val repairs: Int, val remarks: List<String>) : Drafting

    /** @property problems of the last draft */
    class GivenUp(val problems: List<String>) : Drafting
}

/** Begins a conversation about [request], a change of [base], which stands for [policy]. */
fun beginDrafting(request: String, base: Parsed, policy: Policy): Drafting.Asking =
    Drafting.Asking(
        promptFor(request, masked(base), policy),
        base,
        byConfidence = policy.recipes[Policy.DEFAULT_RECIPE]?.strategy == Strategy.CONFIDENCE,
    )

/**
 * Goes on with the model's [answer]. Problems go back to it, and so do remarks, up to [REPAIRS_MAX] times; a draft that only has remarks
 * is kept, lest a repair makes it worse.
 *
 * @param judge what a router says of the changed program
 */
fun Drafting.Asking.answered(answer: ModelAnswer, judge: (String) -> Judgement): Drafting {
    val read = read(answer, base)
    val judgement = read.text?.let(judge) ?: Judgement(read.problems, emptyList())
    val remarks = judgement.remarks + read.text?.let { passing(it, base, byConfidence) }.orEmpty()
    val drafted = read.text?.takeIf { judgement.problems.isEmpty() }?.let { Drafting.Drafted(it, repairs, remarks) }
    if (drafted != null && drafted.remarks.isEmpty()) return drafted
    val best = drafted?.takeIf { usable == null || it.remarks.size < usable.remarks.size } ?: usable
    if (repairs == REPAIRS_MAX) return best ?: Drafting.GivenUp(judgement.problems)
    val said = Turn(Turn.Role.ASSISTANT, answer.text)
    return Drafting.Asking(turns + said + complaint(judgement, remarks), base, byConfidence, repairs + 1, best)
}

/** @property text the changed program; null where there are [problems] */
private class Merged(val text: String?, val problems: List<String>)

private fun read(answer: ModelAnswer, base: Parsed): Merged {
    if (answer.isCut) return Merged(null, listOf("The answer is cut off: it was too long. Answer with only what is new or changed."))
    val program = programIn(answer.text)
    if (program.isEmpty()) return Merged(null, listOf("The answer has no statement of the policy language."))
    if (MASK in
        program
    ) {
        return Merged(null, listOf("$MASK stands for a value that you are not shown: leave the statement that holds it as it is."))
    }
    val addition = parseProgram(program, "answer")
    // Names may be the base's, so only what cannot be read counts before both are one.
    val errors = addition.hints.filter { it.level == Level.ERROR } + check(addition).filter { it.level == Level.CONSTRAINT }
    if (errors.isNotEmpty()) return Merged(null, errors.map { it.render(addition.source) })
    return Merged(merge(base, addition.program), emptyList())
}

/** New routes that would let out what the base refuses or keeps in. */
private fun passing(text: String, base: Parsed, byConfidence: Boolean): List<String> {
    val changed = parseProgram(text, "answer").program
    val known = base.program.items.mapNotNull(::routeName)
    return Placement(changed, byConfidence).passing(changed.items.mapNotNull(::routeName).toSet() - known.toSet())
}

private fun complaint(judgement: Judgement, remarks: List<String>): Turn {
    val found = judgement.problems.ifEmpty { remarks }
    val more = if (found.size > COMPLAINTS_MAX) "\nand ${found.size - COMPLAINTS_MAX} more" else ""
    val text = "Your answer cannot be used as it is. The router says:\n\n${found.take(COMPLAINTS_MAX).joinToString("\n")}$more\n\n" +
        "Answer again with the whole block of code, mended, and nothing else."
    return Turn(Turn.Role.USER, text)
}
