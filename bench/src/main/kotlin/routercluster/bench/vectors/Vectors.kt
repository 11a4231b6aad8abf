package routercluster.bench.vectors

import routercluster.bench.ENCODER_POLICY
import routercluster.bench.cache.INTENTS
import routercluster.bench.cache.PAIRS
import routercluster.bench.routing.ReadCache
import routercluster.cli.loadWithFiles
import routercluster.cli.train.TextReading
import java.nio.file.Path
import java.util.SplittableRandom
import kotlin.random.Random

/** What a store is filled with and asked for; each is the same whenever it is asked for. */
internal interface Vectors {
    val dimension: Int

    /** Of entry [number]. */
    fun entry(number: Int): FloatArray

    /** Of question [number] to a store of [entries] entries. */
    fun question(number: Int, entries: Int): FloatArray
}

/**
 * Embeddings of questions that people asked. The last [QUESTIONS] of them are asked for and are not entries. Entries after all the others are like
 * one of these, as a paraphrase is: with a part of another one in it, which leaves a cosine of some 0.95.
 */
internal class TextVectors(private val embeddings: List<FloatArray>) : Vectors {
    private val entries = embeddings.size - QUESTIONS

    init {
        require(entries > 0) { "${embeddings.size} texts are too few" }
    }

    override val dimension = embeddings.first().size

    override fun entry(number: Int): FloatArray {
        val known = embeddings[number % entries]
        if (number < entries) return known
        val other = embeddings[SplittableRandom(number.toLong()).nextInt(entries)]
        return FloatArray(dimension) { known[it] + PARAPHRASE * other[it] }
    }

    override fun question(number: Int, entries: Int): FloatArray = embeddings[this.entries + number % QUESTIONS]

    companion object {
        const val QUESTIONS = 2_000
        private const val SEED = 7
        private const val PARAPHRASE = 0.33f

        /** Those of the shared sets in [data]; what the encoder reads is kept in [cache]. */
        fun of(data: Path, cache: Path, progress: (String) -> Unit): TextVectors {
            val policy = loadWithFiles(ENCODER_POLICY, "bench.yaml") { null }
            return TextReading.open(policy.catalog).use { reading ->
                val texts = ReadCache(cache, reading, progress)
                val requests = listOf(PAIRS, INTENTS).flatMap { set -> PARTS.flatMap { set.read(data, it, texts) } }
                val asked = requests.flatMap { listOfNotNull(it.asked, it.kept?.asked) }
                TextVectors(asked.distinctBy { it.text }.map { it.vector }.shuffled(Random(SEED)))
            }
        }

        private val PARTS = listOf("train", "dev")
    }
}
