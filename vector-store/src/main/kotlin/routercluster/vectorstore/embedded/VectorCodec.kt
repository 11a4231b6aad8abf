package routercluster.vectorstore.embedded

import org.apache.lucene.codecs.Codec
import org.apache.lucene.codecs.KnnVectorsFormat
import org.apache.lucene.codecs.KnnVectorsReader
import org.apache.lucene.codecs.KnnVectorsWriter
import org.apache.lucene.codecs.hnsw.FlatVectorScorerUtil
import org.apache.lucene.codecs.hnsw.FlatVectorsScorer
import org.apache.lucene.codecs.lucene912.Lucene912Codec
import org.apache.lucene.codecs.lucene99.Lucene99FlatVectorsFormat
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsReader
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsWriter
import org.apache.lucene.codecs.lucene99.Lucene99ScalarQuantizedVectorsReader
import org.apache.lucene.codecs.lucene99.Lucene99ScalarQuantizedVectorsWriter
import org.apache.lucene.index.MergePolicy
import org.apache.lucene.index.SegmentReadState
import org.apache.lucene.index.SegmentWriteState
import org.apache.lucene.index.VectorSimilarityFunction
import org.apache.lucene.util.hnsw.RandomAccessVectorValues
import org.apache.lucene.util.hnsw.RandomVectorScorer
import org.apache.lucene.util.hnsw.RandomVectorScorerSupplier
import org.apache.lucene.util.quantization.RandomAccessQuantizedByteVectorValues

/**
 * Lucene's codec with [SevenBitVectors]. It writes under the name of Lucene's own, which reads it again.
 *
 * @param isEnding asked at every step of a merge, which is given up once it is true
 */
internal fun vectorCodec(isEnding: () -> Boolean): Codec =
    object : Lucene912Codec(Mode.BEST_SPEED) {
        private val vectors = SevenBitVectors(isEnding)

        override fun getKnnVectorsFormatForField(field: String): KnnVectorsFormat = vectors
    }

/**
 * Lucene's graphs (HNSW) over Lucene's quantised vectors, a byte for each number of which seven bits are used, compared by [SevenBitProduct]. The
 * numbers as they were are beside them on disk. Lucene finds this class by its name when it reads.
 */
class SevenBitVectors internal constructor(private val isEnding: () -> Boolean) : KnnVectorsFormat(NAME) {
    /** As Lucene makes it, to read. */
    constructor() : this({ false })

    override fun fieldsWriter(state: SegmentWriteState): KnnVectorsWriter {
        val quantised = Lucene99ScalarQuantizedVectorsWriter(state, null, BITS, false, raw.fieldsWriter(state), SevenBitScorer(isEnding))
        val degree = Lucene99HnswVectorsFormat.DEFAULT_MAX_CONN
        return Lucene99HnswVectorsWriter(state, degree, Lucene99HnswVectorsFormat.DEFAULT_BEAM_WIDTH, quantised, 1, null)
    }

    override fun fieldsReader(state: SegmentReadState): KnnVectorsReader =
        Lucene99HnswVectorsReader(state, Lucene99ScalarQuantizedVectorsReader(state, raw.fieldsReader(state), SevenBitScorer(isEnding)))

    /** As far as a collection's dimension goes, which has a bound of its own. */
    override fun getMaxDimensions(fieldName: String): Int = Int.MAX_VALUE

    private companion object {
        const val NAME = "RouterClusterSevenBit"
        const val BITS: Byte = 7
        val raw = Lucene99FlatVectorsFormat(FlatVectorScorerUtil.getLucene99FlatVectorsScorer())
    }
}

/** Scores quantised vectors by what Lucene's own scorer computes, and others with that. */
private class SevenBitScorer(private val isEnding: () -> Boolean) : FlatVectorsScorer {
    private val others = FlatVectorScorerUtil.getLucene99FlatVectorsScorer()

    override fun getRandomVectorScorerSupplier(
        similarity: VectorSimilarityFunction,
        values: RandomAccessVectorValues,
    ): RandomVectorScorerSupplier =
        when (values) {
            is RandomAccessQuantizedByteVectorValues -> Supplier(values, isEnding)
            else -> others.getRandomVectorScorerSupplier(similarity, values)
        }

    override fun getRandomVectorScorer(
        similarity: VectorSimilarityFunction,
        values: RandomAccessVectorValues,
        target: FloatArray,
    ): RandomVectorScorer {
        if (values !is RandomAccessQuantizedByteVectorValues) return others.getRandomVectorScorer(similarity, values, target)
        val quantised = ByteArray(target.size)
        val correction = values.scalarQuantizer.quantize(target, quantised, similarity)
        return scorer(SevenBitProduct(quantised), correction, values)
    }

    override fun getRandomVectorScorer(
        similarity: VectorSimilarityFunction,
        values: RandomAccessVectorValues,
        target: ByteArray,
    ): RandomVectorScorer = others.getRandomVectorScorer(similarity, values, target)

    /**
     * What a merge builds its graph by.
     *
     * @property values has room for one vector at a time, so every thread has its own
     */
    private class Supplier(
        private val values: RandomAccessQuantizedByteVectorValues,
        private val isEnding: () -> Boolean,
    ) : RandomVectorScorerSupplier {
        override fun scorer(ord: Int): RandomVectorScorer {
            if (isEnding()) throw MergePolicy.MergeAbortedException("the store is being closed")
            val product = SevenBitProduct(values.vectorValue(ord))
            return scorer(product, values.getScoreCorrectionConstant(ord), values)
        }

        override fun copy(): RandomVectorScorerSupplier = Supplier(values.copy(), isEnding)
    }

    private companion object {
        fun scorer(product: SevenBitProduct, correction: Float, values: RandomAccessQuantizedByteVectorValues): RandomVectorScorer {
            val scale = values.scalarQuantizer.constantMultiplier
            return object : RandomVectorScorer.AbstractRandomVectorScorer(values) {
                override fun score(node: Int): Float {
                    val steps = product.with(values.vectorValue(node))
                    return (1 + steps * scale + correction + values.getScoreCorrectionConstant(node)) / 2
                }
            }
        }
    }
}
