package routercluster.inference.network

import ai.onnxruntime.OnnxJavaType
import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.TensorInfo
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.text.Window
import java.nio.ByteBuffer

/** What an input of a network holds. */
private enum class Role(val input: String) { IDS("input_ids"), MASK("attention_mask"), TYPES("token_type_ids"), POSITIONS("position_ids") }

/** The inputs that a network has, found by name, and the memory that they are written to. */
internal class Inputs(private val environment: OrtEnvironment, found: Map<String, TensorInfo>, private val padId: Int) {
    private class Input(val name: String, val role: Role, val isLong: Boolean, val buffer: Buffer)

    private val all: List<Input> =
        found.map { (name, info) ->
            val role = Role.entries.firstOrNull { it.input == name }
                ?: throw EncoderLoadException("the network has an input $name; accepted: ${Role.entries.joinToString { it.input }}")
            if (info.type != OnnxJavaType.INT64 && info.type != OnnxJavaType.INT32) {
                throw EncoderLoadException("input $name: expected int64 or int32, found ${info.type}")
            }
            Input(name, role, info.type == OnnxJavaType.INT64, Buffer(info.type))
        }

    init {
        if (all.none { it.role == Role.IDS }) throw EncoderLoadException("the network has no input input_ids, only ${found.keys}")
    }

    /** Rows of [length] tokens, short ones filled up. The caller closes the tensors. */
    fun tensors(windows: List<Window>, length: Int): Map<String, OnnxTensor> {
        val shape = longArrayOf(windows.size.toLong(), length.toLong())
        val tensors = HashMap<String, OnnxTensor>(all.size)
        for (input in all) {
            val room = input.buffer.room(windows.size * length)
            for (window in windows) write(room, input, window, length)
            tensors[input.name] = input.buffer.tensor(environment, shape)
        }
        return tensors
    }

    private fun write(room: ByteBuffer, input: Input, window: Window, length: Int) {
        for (i in 0 until length) {
            val real = i < window.size
            val value =
                when (input.role) {
                    Role.IDS -> if (real) window.ids[i] else padId
                    Role.MASK -> if (real) 1 else 0
                    Role.TYPES -> if (real) window.types[i].toInt() else 0
                    Role.POSITIONS -> i
                }
            if (input.isLong) room.putLong(value.toLong()) else room.putInt(value)
        }
    }
}
