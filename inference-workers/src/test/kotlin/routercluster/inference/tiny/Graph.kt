package routercluster.inference.tiny

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** Numbers that ONNX gives the types of tensors. */
enum class Kind(val code: Long) { FLOAT(1), INT8(3), INT32(6), INT64(7), BOOL(9), FLOAT16(10) }

/**
 * Writes a small ONNX network, node by node; every method that adds one returns the name of its output. Field numbers are those of
 * onnx.proto.
 */
class Graph {
    private val body = Message()
    private var nodes = 0

    fun input(name: String, kind: Kind = Kind.INT64, dimensions: List<Any> = listOf("batch", "tokens")) =
        name.also { body.message(11, value(name, kind, dimensions)) }

    fun output(name: String, kind: Kind, dimensions: List<Any>) = apply { body.message(12, value(name, kind, dimensions)) }

    fun floats(name: String, shape: List<Int>, value: (Int) -> Float): String {
        val data = ByteBuffer.allocate(4 * shape.fold(1, Int::times)).order(ByteOrder.LITTLE_ENDIAN)
        for (i in 0 until data.capacity() / 4) data.putFloat(value(i))
        return constant(name, Kind.FLOAT, shape, data.array())
    }

    fun ints(vararg values: Long): String {
        val data = ByteBuffer.allocate(8 * values.size).order(ByteOrder.LITTLE_ENDIAN)
        values.forEach(data::putLong)
        return constant("ints${nodes++}", Kind.INT64, listOf(values.size), data.array())
    }

    fun node(operator: String, vararg inputs: String, name: String = "n${nodes++}", attributes: Map<String, Any> = emptyMap()): String {
        val node = Message()
        inputs.forEach { node.text(1, it) }
        node.text(2, name).text(3, name).text(4, operator)
        attributes.forEach { (key, value) -> node.message(5, attribute(key, value)) }
        body.message(1, node)
        return name
    }

    fun bytes(opset: Long = 17): ByteArray =
        Message()
            .int(1, 8)
            .text(2, "routercluster-tests")
            .message(7, body.text(2, "tiny"))
            .message(8, Message().text(1, "").int(2, opset))
            .bytes()

    private fun constant(name: String, kind: Kind, shape: List<Int>, data: ByteArray): String {
        val tensor = Message()
        shape.forEach { tensor.int(1, it.toLong()) }
        body.message(5, tensor.int(2, kind.code).text(8, name).bytes(9, data))
        return name
    }

    private fun attribute(name: String, value: Any): Message {
        val attribute = Message().text(1, name)
        return when (value) {
            is Float -> attribute.float(2, value).int(20, 1)
            is Long -> attribute.int(3, value).int(20, 2)
            is List<*> -> attribute.also { value.forEach { each -> it.int(8, each as Long) } }.int(20, 7)
            else -> throw IllegalArgumentException("no such attribute: $value")
        }
    }

    private fun value(name: String, kind: Kind, dimensions: List<Any>): Message {
        val shape = Message()
        dimensions.forEach { shape.message(1, if (it is Int) Message().int(1, it.toLong()) else Message().text(2, it.toString())) }
        val tensor = Message().int(1, kind.code).message(2, shape)
        return Message().text(1, name).message(2, Message().message(1, tensor))
    }
}
