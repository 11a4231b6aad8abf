package routercluster.bench.learning

import kotlin.math.ln
import kotlin.math.sqrt
import kotlin.random.Random

/** Picks a model for each request and is told what came of it. Models are places in the pool. */
internal interface Learner {
    /** One of [live]. */
    fun pick(request: Request, live: List<Int>): Int

    /** [model] answered [request]; every request, at once. */
    fun answered(request: Request, model: Int) = Unit

    /** Somebody judged at the second [now] what [model] answered to [request]. */
    fun judged(request: Request, model: Int, isGood: Boolean, now: Int) = Unit
}

/** One model for ever. */
internal class FixedLearner(private val model: Int) : Learner {
    override fun pick(request: Request, live: List<Int>) = model
}

/** The sums that textbook bandits keep: rewards as far as they were judged. */
private class Rewards(models: Int) {
    val picked = IntArray(models)
    val judged = IntArray(models)
    private val sums = DoubleArray(models)

    val all: Int get() = judged.sum()

    fun mean(model: Int) = sums[model] / judged[model]

    fun add(request: Request, model: Int, isGood: Boolean) {
        judged[model]++
        sums[model] += (if (isGood) 1.0 else 0.0) - COST_WEIGHT * request.question.costs[model]
    }

    /** Models of which nothing is known yet, those picked least first. */
    fun unknown(live: List<Int>): Int? = live.filter { judged[it] == 0 }.minByOrNull { picked[it] }
}

/** The highest mean reward, and by chance one time in ten (Sutton and Barto, 2.2). One without a verdict goes first. */
internal class EpsilonGreedy(models: Int, private val random: Random) : Learner {
    private val rewards = Rewards(models)

    override fun pick(request: Request, live: List<Int>): Int =
        if (random.nextDouble() < EPSILON) live.random(random) else rewards.unknown(live) ?: live.maxBy(rewards::mean)

    override fun answered(request: Request, model: Int) {
        rewards.picked[model]++
    }

    override fun judged(request: Request, model: Int, isGood: Boolean, now: Int) = rewards.add(request, model, isGood)

    private companion object {
        const val EPSILON = 0.1
    }
}

/** The highest `mean + sqrt(2 ln n / n_i)` over verdicts (Auer, Cesa-Bianchi and Fischer, 2002). One without a verdict goes first. */
internal class Ucb1(models: Int) : Learner {
    private val rewards = Rewards(models)

    override fun pick(request: Request, live: List<Int>): Int =
        rewards.unknown(live) ?: live.maxBy { rewards.mean(it) + sqrt(2 * ln(rewards.all.toDouble()) / rewards.judged[it]) }

    override fun answered(request: Request, model: Int) {
        rewards.picked[model]++
    }

    override fun judged(request: Request, model: Int, isGood: Boolean, now: Int) = rewards.add(request, model, isGood)
}
