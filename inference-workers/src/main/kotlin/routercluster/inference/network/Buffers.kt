package routercluster.inference.network

import ai.onnxruntime.OnnxJavaType
import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.platform.Fp16Conversions
import routercluster.inference.folder.EncoderLoadException
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** Memory outside the heap that is used again for every pass. It grows to the biggest pass and stays. */
internal class Buffer(private val type: OnnxJavaType) {
    private val width = type.size

    /** What [room] gave last, to read from. */
    var bytes: ByteBuffer = allocate(0)
        private set

    /** Room for [count] numbers, at its beginning. */
    fun room(count: Int): ByteBuffer {
        val wanted = count * width
        if (bytes.capacity() < wanted) bytes = allocate(maxOf(wanted, 2 * bytes.capacity()))
        bytes.clear().limit(wanted)
        return bytes
    }

    /** A tensor over what [room] gave last. Nothing is copied. */
    fun tensor(
        environment: OrtEnvironment,
        shape: LongArray,
    ): OnnxTensor = OnnxTensor.createTensor(environment, bytes.rewind(), shape, type)

    private fun allocate(size: Int): ByteBuffer = ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder())
}

/** Reads numbers of an output as floats. */
internal fun interface FloatReader {
    /** Copies [target].size numbers from [bytes], beginning with the number at [index]. */
    fun read(bytes: ByteBuffer, index: Int, target: FloatArray)
}

/** @throws EncoderLoadException for a type that is no number */
internal fun floatReader(output: String, type: OnnxJavaType): FloatReader =
    when (type) {
        OnnxJavaType.FLOAT -> {
            FloatReader { bytes, index, target -> bytes.asFloatBuffer().get(index, target) }
        }

        OnnxJavaType.FLOAT16 -> {
            halfReader(Fp16Conversions::fp16ToFloat)
        }

        OnnxJavaType.BFLOAT16 -> {
            halfReader(Fp16Conversions::bf16ToFloat)
        }

        OnnxJavaType.INT8 -> {
            FloatReader { bytes, index, target -> target.fill { bytes.get(index + it).toFloat() } }
        }

        OnnxJavaType.UINT8 -> {
            FloatReader { bytes, index, target -> target.fill { (bytes.get(index + it).toInt() and BYTE).toFloat() } }
        }

        OnnxJavaType.DOUBLE, OnnxJavaType.INT16, OnnxJavaType.INT32, OnnxJavaType.INT64,
        OnnxJavaType.BOOL, OnnxJavaType.STRING, OnnxJavaType.UNKNOWN,
        -> {
            throw EncoderLoadException("output $output: expected fp32, fp16, bf16 or int8, found $type")
        }
    }

private fun halfReader(float: (Short) -> Float) =
    FloatReader { bytes, index, target -> target.fill { float(bytes.getShort(2 * (index + it))) } }

private const val BYTE = 0xFF

private inline fun FloatArray.fill(value: (Int) -> Float) {
    for (i in indices) this[i] = value(i)
}
