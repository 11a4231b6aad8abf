package routercluster.policy.decisions

import routercluster.policy.Recipe
import routercluster.policy.Strategy
import routercluster.policy.projections.PartitionOutcome
import routercluster.policy.signals.OnError
import routercluster.policy.signals.Reading
import java.util.Locale

/**
 * Why one decision did or did not match, in words.
 *
 * @property reason names signals and numbers of the policy and of the readings, never the prompt
 * @property picked whether it is the winner
 */
data class Explanation(val verdict: Verdict, val reason: String, val picked: Boolean)

/** Explains every decision of [recipe], in the order of the file, from what [evidence] holds. */
fun explain(recipe: Recipe, evidence: Evidence): List<Explanation> {
    val contest = recipe.engine.contest(evidence)
    val standing = contest.standing
    val winner = contest.winner()
    val words = RuleWords(recipe, contest)
    return recipe.decisions.mapIndexed { index, decision ->
        val verdict = Verdict(decision.name, standing.truth(index), standing.confidence(index))
        val lost = if (winner >= 0 && winner != index && standing.mustMatch(index)) words.outranked(index, winner) else null
        Explanation(verdict, listOfNotNull(words.of(recipe.engine.nodes.roots[index]), lost).joinToString("; "), winner == index)
    }
}

private class RuleWords(private val recipe: Recipe, private val contest: Contest) {
    private val standing = contest.standing
    private val nodes = recipe.engine.nodes

    fun of(node: Int): String =
        when (nodes.kinds[node]) {
            NodeKind.LEAF -> ofLeaf(node)
            NodeKind.OUTPUT -> ofOutput(node)
            NodeKind.MEMBER -> ofMember(node)
            NodeKind.AND -> ofList(node, "has no conditions, so it always matches")
            NodeKind.OR -> ofList(node, "has an OR without conditions, which never matches")
            NodeKind.NOT -> ofNot(node)
        }

    fun outranked(loser: Int, winner: Int): String {
        val lost = recipe.decisions[loser]
        val won = recipe.decisions[winner]
        val tier = Difference("tier", lost.tier, won.tier)
        val priority = Difference("priority", lost.priority, won.priority)
        val confidence = Difference("confidence", number(standing.confidence(loser)), number(standing.confidence(winner)))
        val compared =
            when {
                contest.isTiered -> listOf(tier, confidence, priority)
                recipe.strategy == Strategy.PRIORITY -> listOf(priority, confidence)
                else -> listOf(confidence, priority)
            }
        val told = compared.firstOrNull { it.lost != it.won } ?: return "outranked by ${won.name}: its name comes first"
        return "outranked by ${won.name}: ${told.name} ${told.lost} against ${told.won}"
    }

    private class Difference(val name: String, val lost: Any, val won: Any)

    /** A node owes its truth to the children that share it. */
    private fun ofList(node: Int, whenEmpty: String): String {
        val children = nodes.childrenOf(node)
        if (children.isEmpty()) return whenEmpty
        return children.filter { standing.truthOf(it) == standing.truthOf(node) }.joinToString(" and ") { of(it) }
    }

    private fun ofNot(node: Int): String {
        val child = of(nodes.firstChild[node])
        return when (standing.truthOf(node)) {
            Truth.TRUE -> "not ruled out, as $child"
            Truth.FALSE -> "ruled out, as $child"
            Truth.OPEN, Truth.BLOCKED -> child
        }
    }

    private fun ofLeaf(node: Int): String {
        val signal = nodes.signals[node]
        val label = nodes.labels[node]
        val ref = recipe.signals[signal].ref.toString() + label?.let { ":$it" }.orEmpty()
        return when (val reading = standing.readingOf(signal)) {
            null -> "$ref was not read"
            is Reading.Seen -> ofSeen(ref, reading.part(label), nodes.predicates[node], standing.truthOf(node) == Truth.TRUE)
            is Reading.Failed -> "$ref could not be read (${reading.reason}), which ${consequence(nodes.onErrors[node])}"
        }
    }

    private fun ofOutput(node: Int): String {
        val mapping = recipe.projections.mappings[nodes.sources[node]]
        val output = mapping.outputs[nodes.places[node]]
        val score = recipe.projections.scores[mapping.score].name
        val range = standing.rangeOf(mapping.score)
        val value =
            when {
                range.low == range.high -> "is ${number(range.low)}"
                range.low.isInfinite() || range.high.isInfinite() -> "is not known"
                else -> "is between ${number(range.low)} and ${number(range.high)}"
            }
        val ref = "projection:${output.name}"
        val band = bounds(output.band).ifEmpty { "anything" }
        return when (standing.truthOf(node)) {
            Truth.TRUE -> "$ref holds ($score $value, in the band $band)"
            Truth.FALSE -> "$ref did not match ($score $value, its band is $band)"
            Truth.OPEN -> "$ref is open ($score $value, its band is $band)"
            Truth.BLOCKED -> "$ref cannot be told ($score $value, since a signal it needs failed), which refuses the request"
        }
    }

    private fun ofMember(node: Int): String {
        val partition = recipe.projections.partitions[nodes.sources[node]]
        val place = nodes.places[node]
        val ref = recipe.signals[partition.members[place]].ref.toString()
        return when (val outcome = standing.outcomeOf(nodes.sources[node])) {
            null -> {
                "$ref is open (its partition ${partition.name} was not read to the end)"
            }

            is PartitionOutcome.Failed -> {
                "$ref could not be read (${outcome.reason}), which ${consequence(nodes.onErrors[node])}"
            }

            is PartitionOutcome.Won -> {
                val winner = partition.names[outcome.winner]
                when {
                    outcome.winner != place && place in outcome.matched -> "$ref lost to $winner in the partition ${partition.name}"
                    outcome.winner != place -> "$ref did not match"
                    outcome.matched.isEmpty() -> "$ref holds (default of the partition ${partition.name})"
                    else -> "$ref won the partition ${partition.name} (confidence ${number(outcome.confidence)})"
                }
            }
        }
    }

    private fun ofSeen(ref: String, reading: Reading.Seen, predicate: Predicate?, holds: Boolean): String {
        if (predicate == null) {
            if (!holds) return "$ref did not match"
            return if (reading.confidence == 1.0) "$ref matched" else "$ref matched (confidence ${number(reading.confidence)})"
        }
        val tested = reading.value?.let { "value ${number(it)}" } ?: "confidence ${number(reading.confidence)}"
        return if (holds) "$ref holds ($tested is ${bounds(predicate)})" else "needs $ref ($tested not ${bounds(predicate)})"
    }

    private fun bounds(predicate: Predicate): String =
        listOfNotNull(
            predicate.gt?.let { "gt ${number(it)}" },
            predicate.gte?.let { "gte ${number(it)}" },
            predicate.lt?.let { "lt ${number(it)}" },
            predicate.lte?.let { "lte ${number(it)}" },
        ).joinToString(" and ")

    private fun consequence(onError: OnError): String =
        when (onError) {
            OnError.MATCH -> "counts as matched"
            OnError.NO_MATCH -> "counts as not matched"
            OnError.BLOCK -> "refuses the request"
        }
}

/** A number for people: without a fraction where it has none, else with at most four digits of it. */
internal fun number(x: Double): String =
    when {
        !x.isFinite() -> x.toString()
        x == Math.rint(x) && Math.abs(x) < 1e15 -> x.toLong().toString()
        else -> String.format(Locale.ROOT, "%.4f", x).trimEnd('0').trimEnd('.')
    }
