package routercluster.policy.projections

import routercluster.policy.decisions.Rule
import routercluster.policy.signals.OnError

/**
 * What a recipe derives from its signals before rules look at it. Resolved: signals are named by their place in
 * [routercluster.policy.Recipe.signals], scores and mappings by their place here.
 *
 * @property scores each stands behind those that it adds up
 */
class Projections(
    val partitions: List<Partition> = emptyList(),
    val scores: List<Score> = emptyList(),
    val mappings: List<Mapping> = emptyList(),
) {
    val isEmpty: Boolean get() = partitions.isEmpty() && scores.isEmpty() && mappings.isEmpty()

    companion object {
        val NONE = Projections()
    }
}

/** A sum of weighted inputs. */
class Score(val name: String, val inputs: List<ScoreInput>)

/** @property name what explanations call it */
class ScoreInput(val name: String, val weight: Double, val value: InputValue)

/** Where the number of an input comes from. */
sealed interface InputValue {
    /** [match] where [rule] holds, else [miss]. */
    class Flag(val rule: Rule, val match: Double, val miss: Double) : InputValue

    /** The confidence of [rule] where it holds, else 0. */
    class Confidence(val rule: Rule) : InputValue

    /**
     * The number behind a signal, or behind its part called [label]; 0 where there is none.
     *
     * @property onError a failure that refuses leaves the score unknown; any other counts 0
     */
    class Number(val signal: Int, val label: String?, val onError: OnError) : InputValue

    /** The value of another score. */
    class OfScore(val score: Int) : InputValue
}
