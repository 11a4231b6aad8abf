package routercluster.bench.vectors

import java.util.SplittableRandom
import java.util.random.RandomGenerator

/**
 * Made-up embeddings, each the same whenever it is asked for: [LATENT] things that a text may be about, mixed into [dimension] numbers, with
 * a tenth of noise. Like those of texts, and unlike vectors of pure chance, they fill few of the directions that there are.
 */
internal class MadeVectors(override val dimension: Int) : Vectors {
    private val mixing = SplittableRandom(MIXING_SEED).let { random -> Array(LATENT) { gaussians(random, dimension) } }

    override fun entry(number: Int): FloatArray = mixed(SplittableRandom(number.toLong()))

    /** Of question [number]: every second one is like an entry of the first [entries], as a paraphrase is; the others are new. */
    override fun question(number: Int, entries: Int): FloatArray {
        val random = SplittableRandom(QUESTION_SEED + number)
        val new = mixed(random)
        if (number % 2 == 0) return new
        val known = entry(random.nextInt(entries))
        return FloatArray(dimension) { known[it] + PARAPHRASE * new[it] }
    }

    private fun mixed(random: RandomGenerator): FloatArray {
        val vector = gaussians(random, dimension)
        for (i in vector.indices) vector[i] *= NOISE
        for (thing in mixing) {
            val share = random.nextGaussian().toFloat()
            for (i in vector.indices) vector[i] += share * thing[i]
        }
        return vector
    }

    private fun gaussians(random: RandomGenerator, count: Int) = FloatArray(count) { random.nextGaussian().toFloat() }

    private companion object {
        const val LATENT = 48
        const val MIXING_SEED = 7L
        const val QUESTION_SEED = 1L shl 40

        /** A tenth of the length that [LATENT] things have together. */
        const val NOISE = 0.7f

        /** Leaves a cosine of about 0.95 to the entry. */
        const val PARAPHRASE = 0.33f
    }
}
