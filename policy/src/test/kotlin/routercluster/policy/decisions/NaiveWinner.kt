package routercluster.policy.decisions

import routercluster.policy.Decision
import routercluster.policy.Recipe
import routercluster.policy.Strategy
import routercluster.policy.projections.InputValue
import routercluster.policy.projections.PartitionOutcome
import routercluster.policy.signals.OnError
import routercluster.policy.signals.Reading

internal class Judged(val truth: Truth, val confidence: Double) {
    val ranks get() = truth == Truth.TRUE || truth == Truth.BLOCKED
}

/** The seed's definition, written down once more and as plainly as possible: evaluate all, sort, take the first. */
internal fun naiveWinner(recipe: Recipe, readings: List<Reading>): Pair<Decision, Judged>? {
    val judge = NaiveJudge(recipe, readings)
    val ranked = recipe.decisions.map { it to judge.judge(it.rule) }.filter { it.second.ranks }
    val confidence = compareByDescending<Pair<Decision, Judged>> { it.second.confidence }
    val priority = compareByDescending<Pair<Decision, Judged>> { it.first.priority }
    val name = compareBy<Pair<Decision, Judged>> { it.first.name }
    val order =
        when {
            ranked.any { it.first.tier > 0 } -> compareBy<Pair<Decision, Judged>> { it.first.tier }
                .then(
                    confidence,
                ).then(priority)
                .then(name)

            recipe.strategy == Strategy.PRIORITY -> priority.then(confidence).then(name)

            else -> confidence.then(priority).then(name)
        }
    return ranked.minWithOrNull(order)
}

private val no = Judged(Truth.FALSE, 0.0)
private val blocked = Judged(Truth.BLOCKED, 1.0)

private class NaiveJudge(private val recipe: Recipe, private val readings: List<Reading>) {
    fun judge(rule: Rule, inScore: Boolean = false): Judged =
        when (rule) {
            is Rule.Leaf -> {
                judgeLeaf(rule, inScore)
            }

            is Rule.Output -> {
                judgeOutput(rule)
            }

            is Rule.Member -> {
                when (val outcome = outcome(rule.partition)) {
                    is PartitionOutcome.Failed -> onFailure(rule.onError)
                    is PartitionOutcome.Won -> if (outcome.winner == rule.member) Judged(Truth.TRUE, outcome.confidence) else no
                }
            }

            is Rule.And -> {
                val children = rule.children.map { judge(it) }
                when {
                    children.any { it.truth == Truth.FALSE } -> no

                    children.any { it.truth == Truth.BLOCKED } -> blocked

                    else -> Judged(
                        Truth.TRUE,
                        mean(
                            rule.children
                                .zip(children)
                                .filter { weighs(it.first) }
                                .map { it.second.confidence },
                        ),
                    )
                }
            }

            is Rule.Or -> {
                val children = rule.children.map { judge(it) }
                val holding = children.filter { it.truth == Truth.TRUE }
                when {
                    holding.isNotEmpty() -> Judged(Truth.TRUE, holding.maxOf { it.confidence })
                    children.any { it.truth == Truth.BLOCKED } -> blocked
                    else -> no
                }
            }

            is Rule.Not -> {
                when (judge(rule.child).truth) {
                    Truth.BLOCKED -> blocked
                    Truth.TRUE -> no
                    else -> Judged(Truth.TRUE, 0.0)
                }
            }
        }

    private fun mean(numbers: List<Double>) = if (numbers.isEmpty()) 0.0 else numbers.sumOf { it } / numbers.size

    /** What was not found does not count. */
    private fun weighs(rule: Rule): Boolean =
        when (rule) {
            is Rule.Not -> false
            is Rule.And -> rule.children.any(::weighs)
            is Rule.Or -> rule.children.any(::weighs)
            else -> true
        }

    private fun outcome(partition: Int) = recipe.projections.partitions[partition].let { it.settle(it.members.map(readings::get)) }

    private fun judgeOutput(output: Rule.Output): Judged {
        val mapping = recipe.projections.mappings[output.mapping]
        val (low, high) = range(mapping.score)
        return when {
            mapping.mustHold(output.output, low, high) -> Judged(Truth.TRUE, mapping.leastConfidence(output.output, low, high))
            mapping.mayHold(output.output, low, high) -> onFailure(output.onError)
            else -> no
        }
    }

    /** The least and the most that a score may be: they differ where an input failed that it cannot do without. */
    private fun range(score: Int): Pair<Double, Double> {
        var low = 0.0
        var high = 0.0
        for (input in recipe.projections.scores[score]
            .inputs
            .filter { it.weight != 0.0 }) {
            val (least, most) = range(input.value)
            low += input.weight * if (input.weight > 0) least else most
            high += input.weight * if (input.weight > 0) most else least
        }
        return low to high
    }

    private fun range(value: InputValue): Pair<Double, Double> =
        when (value) {
            is InputValue.Flag -> {
                when (judge(value.rule, inScore = true).truth) {
                    Truth.TRUE -> value.match to value.match
                    Truth.BLOCKED -> minOf(value.match, value.miss) to maxOf(value.match, value.miss)
                    else -> value.miss to value.miss
                }
            }

            is InputValue.Confidence -> {
                val judged = judge(value.rule, inScore = true)
                if (judged.truth == Truth.BLOCKED) 0.0 to 1.0 else judged.confidence to judged.confidence
            }

            is InputValue.Number -> {
                val reading = readings[value.signal]
                val number = (reading as? Reading.Seen)?.let { if (value.label == null) it else it.labels[value.label] }?.value ?: 0.0
                val isUnknown = reading is Reading.Failed && value.onError == OnError.BLOCK
                if (isUnknown) Double.NEGATIVE_INFINITY to Double.POSITIVE_INFINITY else number to number
            }

            is InputValue.OfScore -> {
                range(value.score)
            }
        }

    private fun onFailure(onError: OnError): Judged =
        when (onError) {
            OnError.MATCH -> Judged(Truth.TRUE, 1.0)
            OnError.NO_MATCH -> no
            OnError.BLOCK -> blocked
        }

    private fun judgeLeaf(leaf: Rule.Leaf, inScore: Boolean): Judged =
        when (val reading = readings[leaf.signal]) {
            is Reading.Failed -> {
                onFailure(leaf.onError)
            }

            is Reading.Seen -> {
                val predicate = leaf.predicate
                val seen = if (leaf.label == null) reading else reading.labels[leaf.label] ?: missed
                val holds = predicate?.holds(seen.value ?: seen.confidence) ?: seen.matched
                val isFlat = predicate != null || (inScore && recipe.signals[leaf.signal].ref.type == "keyword")
                if (holds) Judged(Truth.TRUE, if (isFlat) 1.0 else seen.confidence) else no
            }
        }
}
