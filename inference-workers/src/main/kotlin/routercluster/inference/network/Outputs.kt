package routercluster.inference.network

import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.TensorInfo
import routercluster.inference.folder.OutputShape
import routercluster.inference.folder.Pooling
import routercluster.inference.text.Window

/** One thing to read of a pass: an output, and how its tokens become one vector, if they do. */
internal data class Want(val output: String, val pooling: Pooling = Pooling.NONE)

/** What one window gave: for every [Want] a vector, or [OutputShape.width] numbers a token. */
internal typealias Findings = Map<Want, FloatArray>

/** One output of a network and the memory that it is written to. */
internal class Output(private val environment: OrtEnvironment, val name: String, info: TensorInfo, val shape: OutputShape) {
    private val buffer = Buffer(info.type)
    private val reader = floatReader(name, info.type)
    private val token = FloatArray(shape.width)

    /** A tensor for the network to write to. The caller closes it. */
    fun tensor(rows: Int, length: Int): OnnxTensor {
        val width = shape.width.toLong()
        val dimensions = if (shape.perToken) longArrayOf(rows.toLong(), length.toLong(), width) else longArrayOf(rows.toLong(), width)
        buffer.room((if (shape.perToken) rows * length else rows) * shape.width)
        return buffer.tensor(environment, dimensions)
    }

    /** What the pass wrote for row [row], which [window] is. */
    fun read(row: Int, length: Int, window: Window, pooling: Pooling): FloatArray {
        val bytes = buffer.bytes
        if (!shape.perToken) return numbers(shape.width) { reader.read(bytes, row * shape.width, it) }
        val at = row * length * shape.width
        return when (pooling) {
            Pooling.NONE -> numbers(window.size * shape.width) { reader.read(bytes, at, it) }
            Pooling.FIRST -> numbers(shape.width) { reader.read(bytes, at, it) }
            Pooling.LAST -> numbers(shape.width) { reader.read(bytes, at + (window.size - 1) * shape.width, it) }
            Pooling.MEAN -> mean(at, window.size)
        }
    }

    private fun mean(at: Int, tokens: Int): FloatArray {
        val sum = FloatArray(shape.width)
        for (i in 0 until tokens) {
            reader.read(buffer.bytes, at + i * shape.width, token)
            for (k in sum.indices) sum[k] += token[k]
        }
        for (k in sum.indices) sum[k] /= tokens.toFloat()
        return sum
    }

    private inline fun numbers(count: Int, read: (FloatArray) -> Unit): FloatArray = FloatArray(count).also(read)
}
