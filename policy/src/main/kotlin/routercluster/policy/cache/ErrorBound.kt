package routercluster.policy.cache

import kotlin.math.exp
import kotlin.math.ln
import kotlin.math.sqrt

/**
 * Sums of one category of requests, from which [ErrorBound] tells how risky a hit may be. Sums of several nodes added up are those of one
 * node that has seen all. Bins are of risk, see [ErrorBound.bin]. For one thread.
 *
 * @param requests all requests, those without any entry near them included
 * @property expected per bin the risks of all requests whose nearest entry was of that risk, added up
 * @property looked per bin the risks of those whose answer was looked into, added up
 * @property wrong per bin how many of these were wrong
 */
class RiskSums(
    requests: Double = 0.0,
    val expected: DoubleArray = DoubleArray(ErrorBound.BINS),
    val looked: DoubleArray = DoubleArray(ErrorBound.BINS),
    val wrong: DoubleArray = DoubleArray(ErrorBound.BINS),
) {
    var requests = requests
        private set

    /** One more request came. */
    fun request() {
        requests += 1
    }

    /** From now on all that was seen counts [share] of what it did, 0 to 1. */
    fun fade(share: Double) {
        requests *= share
        for (bins in arrayOf(expected, looked, wrong)) for (bin in bins.indices) bins[bin] *= share
    }

    fun add(other: RiskSums) {
        requests += other.requests
        for (bin in expected.indices) {
            expected[bin] += other.expected[bin]
            looked[bin] += other.looked[bin]
            wrong[bin] += other.wrong[bin]
        }
    }

    fun copy(): RiskSums = RiskSums(requests, expected.copyOf(), looked.copyOf(), wrong.copyOf())

    companion object {
        fun of(all: Iterable<RiskSums>): RiskSums = RiskSums().also { all.forEach(it::add) }
    }
}

/** A share of requests, 0 and more: the most likely one, and those between which it lies. */
data class ErrorEstimate(val likely: Double, val low: Double, val high: Double)

/**
 * How risky a hit may be so that wrong hits stay under a share of a category's requests.
 *
 * A [RiskModel] says how many of the hits up to some risk are wrong; how many really are is that times a factor of the category, about
 * which nothing is known but what was looked into, up to that risk and somewhat beyond. The factor has a gamma distribution around that of
 * all categories together, worth [PRIOR] wrong answers, and with each look becomes surer (a Poisson count with a gamma prior, so the
 * posterior is gamma again). How many wrong hits there are is a Poisson count of the expected ones times the factor; the hits allowed are
 * those for which the upper quantile of that count stays under the bound. So the statement is: if requests stay of the kind that was looked
 * into, then with probability [CERTAINTY] at most `maxError` of a category's requests get a wrong hit. Where they do not stay so, looks
 * find it, and sums that [RiskSums.fade] forget what was.
 *
 * @param maxError share of a category's requests that may get a wrong answer, above 0 to 1
 */
class ErrorBound(private val maxError: Double) {
    init {
        require(maxError > 0 && maxError <= 1) { "max_error is above 0 and at most 1, not $maxError" }
    }

    /**
     * The highest bin of risk whose requests may be answered by a hit; -1 where none may.
     *
     * @param all the sums of every category together, [own] included
     */
    fun highest(own: RiskSums, all: RiskSums): Int {
        if (own.requests < REQUESTS_MIN) return -1
        val evidence = Evidence(own, all)
        var expected = 0.0
        for (bin in 0 until BINS) {
            expected += own.expected[bin]
            evidence.reach(bin)
            if (evidence.count(expected, NORMAL_QUANTILE) > maxError * own.requests) return bin - 1
        }
        return BINS - 1
    }

    /** What is known of the factor of a category with [own] sums. */
    private class Evidence(private val own: RiskSums, private val all: RiskSums) {
        private var bins = 0
        private var looked = 0.0
        private var wrong = 0.0
        private var allLooked = 0.0
        private var allWrong = 0.0

        private val shape get() = PRIOR + wrong

        /** The most likely factor. */
        val factor: Double get() = shape / (PRIOR / usual + looked)

        /** The factor of all categories together; 1 before anything was looked into. */
        private val usual get() = (1 + allWrong) / (1 + allLooked)

        /** Takes in what was found up to a [bin] and [REACH] bins beyond; never fewer than before. */
        fun reach(bin: Int): Evidence {
            while (bins < minOf(bin + REACH + 1, BINS)) {
                looked += own.looked[bins]
                wrong += own.wrong[bins]
                allLooked += all.looked[bins]
                allWrong += all.wrong[bins]
                bins++
            }
            return this
        }

        /**
         * The quantile that [normal] is of a normal distribution, of how many are wrong where the model says [expected]. That count is
         * negative binomial; this is the gamma distribution with its mean and variance.
         */
        fun count(expected: Double, normal: Double): Double {
            val mean = expected * factor
            if (mean == 0.0) return 0.0
            val spread = 1 / (1 / mean + 1 / shape)
            return mean * gammaQuantile(spread, normal) / spread
        }
    }

    companion object {
        /** The most likely factor of a category with [own] sums, over bins up to [highest]. */
        fun factor(own: RiskSums, all: RiskSums, highest: Int): Double = Evidence(own, all).reach(highest).factor

        /**
         * Which share of the requests of a category with [own] sums hits up to the bin [highest] answer wrongly; null where there are none.
         * [ErrorEstimate.low] and [ErrorEstimate.high] are passed with a probability of 1 - [CERTAINTY] each.
         *
         * @param given which share of the requests of a bin gets its hit: the others are looked into
         */
        fun estimate(own: RiskSums, all: RiskSums, highest: Int, given: (bin: Int) -> Double): ErrorEstimate? {
            if (highest < 0 || own.requests <= 0) return null
            val evidence = Evidence(own, all).reach(highest)
            val expected = (0..highest).sumOf { own.expected[it] * given(it) }

            fun share(count: Double) = count / own.requests
            return ErrorEstimate(
                share(expected * evidence.factor),
                share(evidence.count(expected, -NORMAL_QUANTILE)),
                share(evidence.count(expected, NORMAL_QUANTILE)),
            )
        }

        /** Bins of risk, evenly wide in its logarithm from [RISK_LOW] to [RISK_HIGH]; the first and the last hold what is beyond. */
        const val BINS = 128

        /** How sure the bound is. */
        const val CERTAINTY = 0.95

        /** A category with fewer requests has no hits. */
        const val REQUESTS_MIN = 50.0
        private const val PRIOR = 4.0

        /** What was found at risks up to 1.6 times as high counts for a bin, too: hits are rarely looked into, what is too risky always is. */
        private const val REACH = 10
        private const val RISK_LOW = 0.002
        private const val RISK_HIGH = 0.7
        private const val NORMAL_QUANTILE = 1.6449
        private val perBin = ln(RISK_HIGH / RISK_LOW) / (BINS - 2)

        /** The bin of a [risk]: 0 to [BINS] - 1. */
        fun bin(risk: Double): Int = if (risk < RISK_LOW) 0 else (1 + (ln(risk / RISK_LOW) / perBin).toInt()).coerceAtMost(BINS - 1)

        /** The lowest risk of a [bin]. */
        fun riskOf(bin: Int): Double = if (bin == 0) 0.0 else RISK_LOW * exp((bin - 1) * perBin)

        /**
         * The [CERTAINTY] quantile of a gamma distribution of [shape] and scale 1; by Wilson and Hilferty (1931), within 1 % from a shape
         * of 4 on; 0 at least.
         */
        internal fun gammaQuantile(shape: Double, normal: Double = NORMAL_QUANTILE): Double {
            val cube = 1 - 1 / (9 * shape) + normal / (3 * sqrt(shape))
            return maxOf(0.0, shape * cube * cube * cube)
        }
    }
}
