package routercluster.inference.tiny

import java.io.ByteArrayOutputStream

/** A message in protobuf's wire format, as far as an ONNX file needs it. */
class Message {
    private val out = ByteArrayOutputStream()

    fun bytes(): ByteArray = out.toByteArray()

    fun int(field: Int, value: Long) = apply {
        varint((field.toLong() shl 3) or VARINT)
        varint(value)
    }

    fun float(field: Int, value: Float) = apply {
        varint((field.toLong() shl 3) or FIXED32)
        val bits = value.toRawBits()
        repeat(4) { out.write(bits ushr (8 * it)) }
    }

    fun bytes(field: Int, value: ByteArray) = apply {
        varint((field.toLong() shl 3) or LENGTH)
        varint(value.size.toLong())
        out.writeBytes(value)
    }

    fun text(field: Int, value: String) = bytes(field, value.toByteArray())

    fun message(field: Int, value: Message) = bytes(field, value.bytes())

    private fun varint(value: Long) {
        var left = value
        while (left and 0x7F.inv() != 0L) {
            out.write(((left and 0x7F) or 0x80).toInt())
            left = left ushr 7
        }
        out.write(left.toInt())
    }

    private companion object {
        const val VARINT = 0L
        const val LENGTH = 2L
        const val FIXED32 = 5L
    }
}
