package routercluster.bench.encoder

import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtSession
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.LongBuffer
import java.nio.file.Path

/**
 * ONNX Runtime and nothing else: the limit that the engine is held against.
 *
 * @param spinning whether its threads wait for the next operator by spinning, ONNX Runtime's default. That is quickest while nothing else
 * needs the cores; the engine, which shares them with the doors, has it off
 */
class BareNetwork(model: Path, threads: Int, providers: List<String>, spinning: Boolean) : AutoCloseable {
    private val environment = OrtEnvironment.getEnvironment()
    private val session: OrtSession =
        OrtSession.SessionOptions().use { options ->
            options.setIntraOpNumThreads(threads)
            options.setMemoryPatternOptimization(false)
            options.addConfigEntry("session.intra_op.allow_spinning", if (spinning) "1" else "0")
            for (provider in providers) {
                if (provider == "cuda") options.addCUDA(0)
                if (provider == "tensorrt") options.addTensorrt(0)
            }
            environment.createSession(model.toString(), options)
        }
    private val batches = HashMap<Pair<Int, Int>, Map<String, OnnxTensor>>()

    /** Nanoseconds of one pass over [rows] texts of [length] tokens. */
    fun pass(rows: Int, length: Int, outputs: Set<String>): Long {
        val inputs = batches.getOrPut(rows to length) { inputs(rows, length) }
        val started = System.nanoTime()
        session.run(inputs, outputs).close()
        return System.nanoTime() - started
    }

    override fun close() {
        batches.values.forEach { inputs -> inputs.values.forEach(OnnxTensor::close) }
        session.close()
    }

    private fun inputs(rows: Int, length: Int): Map<String, OnnxTensor> =
        session.inputNames.associateWith { name ->
            val numbers = numbers(rows * length)
            for (i in 0 until rows * length) {
                val value =
                    when (name) {
                        "input_ids" -> FIRST_WORD + (i * STEP) % WORDS
                        "attention_mask" -> 1
                        else -> 0
                    }
                numbers.put(i, value.toLong())
            }
            OnnxTensor.createTensor(environment, numbers, longArrayOf(rows.toLong(), length.toLong()))
        }

    private fun numbers(count: Int): LongBuffer =
        ByteBuffer.allocateDirect(Long.SIZE_BYTES * count).order(ByteOrder.nativeOrder()).asLongBuffer()

    private companion object {
        /** Whole words of BERT's vocabulary. */
        const val FIRST_WORD = 2_000
        const val WORDS = 9_000
        const val STEP = 37
    }
}
