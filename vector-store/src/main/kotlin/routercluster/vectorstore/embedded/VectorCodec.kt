package routercluster.vectorstore.embedded

import org.apache.lucene.codecs.Codec
import org.apache.lucene.codecs.KnnVectorsFormat
import org.apache.lucene.codecs.KnnVectorsReader
import org.apache.lucene.codecs.KnnVectorsWriter
import org.apache.lucene.codecs.lucene912.Lucene912Codec
import org.apache.lucene.codecs.lucene99.Lucene99HnswScalarQuantizedVectorsFormat
import org.apache.lucene.index.SegmentReadState
import org.apache.lucene.index.SegmentWriteState

/**
 * Lucene's codec with quantised vectors: a byte for each number to search with, of which seven bits are used, and the numbers as they were to
 * score the best with. It writes under the names of Lucene's own formats, which read it again.
 */
internal fun vectorCodec(dimensionMax: Int): Codec =
    object : Lucene912Codec(Mode.BEST_SPEED) {
        private val vectors = WideVectors(Lucene99HnswScalarQuantizedVectorsFormat(), dimensionMax)

        override fun getKnnVectorsFormatForField(field: String): KnnVectorsFormat = vectors
    }

/** Lucene refuses vectors of more than 1,024 numbers unless a format allows them. */
private class WideVectors(private val format: KnnVectorsFormat, private val dimensionMax: Int) : KnnVectorsFormat(format.name) {
    override fun fieldsWriter(state: SegmentWriteState): KnnVectorsWriter = format.fieldsWriter(state)

    override fun fieldsReader(state: SegmentReadState): KnnVectorsReader = format.fieldsReader(state)

    override fun getMaxDimensions(fieldName: String): Int = dimensionMax
}
