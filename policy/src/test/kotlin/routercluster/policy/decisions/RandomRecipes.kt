package routercluster.policy.decisions

import routercluster.policy.Recipe
import routercluster.policy.Strategy
import routercluster.policy.projections.InputValue
import routercluster.policy.projections.Mapping
import routercluster.policy.projections.Partition
import routercluster.policy.projections.Projections
import routercluster.policy.projections.Score
import routercluster.policy.projections.ScoreInput
import routercluster.policy.signals.Cost
import routercluster.policy.signals.OnError
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal
import kotlin.random.Random

/** Few different numbers, so that ties are common. */
private val numbers = listOf(0.0, 0.25, 0.5, 1.0)
private val labels = listOf("hard", "easy")

internal fun randomRecipe(random: Random): Recipe = randomRecipe(
    random,
    List(random.nextInt(1, 8)) { ScriptedSignal("s$it", randomReading(random), Cost.entries.random(random)) },
)

/** Decisions at random over [signals]. */
internal fun randomRecipe(random: Random, signals: List<Signal>): Recipe {
    val tierMax = if (random.nextBoolean()) 0 else 2
    val projections = if (random.nextBoolean()) Projections.NONE else randomProjections(random, signals.size)
    val decisions =
        List(random.nextInt(0, 7)) {
            decision("d$it", randomRule(random, signals.size, projections, depth = 3), random.nextInt(3), random.nextInt(tierMax + 1))
        }.shuffled(random)
    return Recipe("default", Strategy.entries.random(random), signals, decisions, projections = projections)
}

private fun randomProjections(random: Random, signalCount: Int): Projections {
    val partitions =
        List(random.nextInt(3)) { partition ->
            val members = (0 until signalCount).shuffled(random).take(random.nextInt(1, 4))
            val temperature = 0.5.takeIf { random.nextBoolean() }
            Partition("p$partition", members, members.map { "s$it" }, random.nextInt(members.size), temperature)
        }
    val scores = mutableListOf<Score>()
    val mappings = mutableListOf<Mapping>()
    repeat(random.nextInt(1, 4)) { place ->
        val known = Projections(partitions, scores.toList(), mappings.toList())
        scores += Score("score$place", List(random.nextInt(1, 4)) { randomInput(random, signalCount, known) })
        repeat(random.nextInt(1, 3)) {
            val outputs = List(random.nextInt(1, 4)) { output -> Mapping.Output("m${mappings.size}o$output", randomBand(random)) }
            mappings += Mapping("m${mappings.size}", place, random.nextBoolean(), slope = 12.0, outputs)
        }
    }
    return Projections(partitions, scores, mappings)
}

private fun randomInput(random: Random, signalCount: Int, known: Projections): ScoreInput {
    fun rule() = randomLeaf(random, signalCount, known)
    val value =
        when (random.nextInt(5)) {
            0 -> InputValue.Confidence(rule())

            1 -> InputValue.Number(
                random.nextInt(signalCount),
                labels.random(random).takeIf { random.nextBoolean() },
                OnError.entries.random(random),
            )

            2 -> if (known.scores.isEmpty()) InputValue.Confidence(rule()) else InputValue.OfScore(random.nextInt(known.scores.size))

            else -> InputValue.Flag(rule(), match = numbers.random(random), miss = numbers.random(random))
        }
    return ScoreInput("input", listOf(-0.5, 0.0, 0.3, 0.7).random(random), value)
}

private fun randomBand(random: Random): Predicate {
    val low = listOf(-0.3, 0.1, 0.35, 0.7).random(random)
    return when (random.nextInt(4)) {
        0 -> Predicate(gte = low)
        1 -> Predicate(lt = low)
        2 -> Predicate(gt = low, lte = low + 0.3)
        else -> Predicate(gte = low, lt = low + 0.3)
    }
}

internal fun randomReading(random: Random): Reading =
    if (random.nextInt(5) == 0) {
        failed
    } else {
        val parts = labels.filter { random.nextBoolean() }.associateWith { randomSeen(random) }
        randomSeen(random).copy(labels = parts)
    }

private fun randomSeen(random: Random) =
    Reading.Seen(random.nextBoolean(), numbers.random(random), numbers.random(random).takeIf { random.nextBoolean() })

private fun randomLeaf(random: Random, signalCount: Int, projections: Projections): Rule {
    val onError = OnError.entries.random(random)
    val kind = random.nextInt(4)
    if (kind == 0 && projections.mappings.isNotEmpty()) {
        val mapping = random.nextInt(projections.mappings.size)
        return Rule.Output(mapping, random.nextInt(projections.mappings[mapping].outputs.size), onError)
    }
    if (kind == 1 && projections.partitions.isNotEmpty()) {
        val partition = random.nextInt(projections.partitions.size)
        return Rule.Member(partition, random.nextInt(projections.partitions[partition].members.size), onError)
    }
    val label = labels.random(random).takeIf { random.nextInt(3) == 0 }
    return Rule.Leaf(random.nextInt(signalCount), randomPredicate(random), onError, label)
}

private fun randomRule(random: Random, signalCount: Int, projections: Projections, depth: Int): Rule {
    fun children() = List(random.nextInt(0, 4)) { randomRule(random, signalCount, projections, depth - 1) }
    return when (if (depth == 0) 0 else random.nextInt(5)) {
        0, 1 -> {
            randomLeaf(random, signalCount, projections)
        }

        2 -> {
            Rule.And(children())
        }

        3 -> {
            Rule.Or(children())
        }

        else -> {
            Rule.Not(randomRule(random, signalCount, projections, depth - 1))
        }
    }
}

private fun randomPredicate(random: Random): Predicate? =
    when (random.nextInt(4)) {
        0 -> Predicate(gte = numbers.random(random))
        1 -> Predicate(gt = 0.1, lt = numbers.random(random))
        else -> null
    }

/** For clues. */
internal fun Projections.written(): String {
    fun words(value: InputValue) =
        when (value) {
            is InputValue.Flag -> "flag ${value.match}/${value.miss} ${value.rule}"
            is InputValue.Confidence -> "confidence ${value.rule}"
            is InputValue.Number -> "number ${value.signal}:${value.label} ${value.onError}"
            is InputValue.OfScore -> "score ${value.score}"
        }
    val sums = scores.map { score -> "${score.name}=${score.inputs.map { "${it.weight}*${words(it.value)}" }}" }
    val bands = mappings.map { mapping ->
        "${mapping.name}(${mapping.score}, first ${mapping.firstOnly})=${mapping.outputs.map { it.band }}"
    }
    return "${partitions.map { "${it.name}=${it.members} default ${it.default}" }} $sums $bands"
}
