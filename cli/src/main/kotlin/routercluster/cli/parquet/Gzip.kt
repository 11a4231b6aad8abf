package routercluster.cli.parquet

import org.apache.parquet.bytes.BytesInput
import org.apache.parquet.compression.CompressionCodecFactory
import org.apache.parquet.compression.CompressionCodecFactory.BytesInputCompressor
import org.apache.parquet.compression.CompressionCodecFactory.BytesInputDecompressor
import org.apache.parquet.hadoop.metadata.CompressionCodecName
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.nio.ByteBuffer
import java.util.zip.GZIPInputStream
import java.util.zip.GZIPOutputStream

/** Gzip by the JDK, and no compression: the others need libraries with native code, of which this program has none. */
internal object Gzip : CompressionCodecFactory {
    override fun getCompressor(codec: CompressionCodecName): BytesInputCompressor = if (isGzip(codec)) GzipCompressor else Uncompressed

    override fun getDecompressor(codec: CompressionCodecName): BytesInputDecompressor = if (isGzip(
            codec,
        )
    ) {
        GzipDecompressor
    } else {
        Uncompressed
    }

    override fun release() = Unit

    /** @throws UnknownCompression for what is neither gzip nor nothing */
    private fun isGzip(codec: CompressionCodecName): Boolean =
        when {
            codec == CompressionCodecName.GZIP -> true
            codec == CompressionCodecName.UNCOMPRESSED -> false
            else -> throw UnknownCompression(codec)
        }
}

/** A file that another program compressed otherwise. */
internal class UnknownCompression(codec: CompressionCodecName) :
    IOException("it is compressed with ${codec.name.lowercase()}; write it with gzip, or without compression")

private object GzipCompressor : BytesInputCompressor {
    override fun compress(bytes: BytesInput): BytesInput {
        val out = ByteArrayOutputStream()
        GZIPOutputStream(out).use(bytes::writeAllTo)
        return BytesInput.from(out)
    }

    override fun getCodecName() = CompressionCodecName.GZIP

    override fun release() = Unit
}

private object GzipDecompressor : BytesInputDecompressor {
    override fun decompress(bytes: BytesInput, decompressedSize: Int): BytesInput =
        GZIPInputStream(bytes.toInputStream()).use { BytesInput.from(exactly(it.readNBytes(decompressedSize), decompressedSize)) }

    override fun decompress(input: ByteBuffer, compressedSize: Int, output: ByteBuffer, decompressedSize: Int) =
        copied(decompress(taken(input, compressedSize), decompressedSize), output)

    override fun release() = Unit

    private fun exactly(bytes: ByteArray, size: Int): ByteArray =
        if (bytes.size == size) bytes else throw IOException("a page has ${bytes.size} bytes; expected $size")
}

private object Uncompressed : BytesInputCompressor, BytesInputDecompressor {
    override fun compress(bytes: BytesInput): BytesInput = bytes

    override fun decompress(bytes: BytesInput, decompressedSize: Int): BytesInput = bytes

    override fun decompress(input: ByteBuffer, compressedSize: Int, output: ByteBuffer, decompressedSize: Int) =
        copied(taken(input, compressedSize), output)

    override fun getCodecName() = CompressionCodecName.UNCOMPRESSED

    override fun release() = Unit
}

private fun taken(input: ByteBuffer, size: Int): BytesInput = BytesInput.from(ByteArray(size).also(input::get))

private fun copied(bytes: BytesInput, output: ByteBuffer) {
    output.put(bytes.toInputStream().readAllBytes())
}
