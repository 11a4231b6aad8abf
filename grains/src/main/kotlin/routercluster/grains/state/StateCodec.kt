package routercluster.grains.state

import com.fasterxml.jackson.annotation.JsonInclude
import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.json.JsonMapper
import com.fasterxml.jackson.dataformat.cbor.CBORFactory
import com.fasterxml.jackson.module.kotlin.kotlinModule

/**
 * States as bytes: one byte that says which format, then CBOR. What it does not know it refuses to read, because a node that saved a
 * state of which it understood a part would lose the rest. So a new format is rolled out in two steps: first all nodes can read it,
 * then they write it.
 *
 * @param type a data class without references to actors
 * @param format that is written, from 1 to 127
 * @param upgrade turns the tree of an older format, which it is told, into one of [format]
 */
class StateCodec<S : Any>(
    val type: Class<S>,
    val format: Int,
    private val upgrade: (olderFormat: Int, tree: JsonNode) -> JsonNode = { _, tree -> tree },
) {
    init {
        require(format in 1..Byte.MAX_VALUE) { "format $format is not within 1 and ${Byte.MAX_VALUE}" }
    }

    fun encode(state: S): ByteArray = byteArrayOf(format.toByte()) + mapper.writeValueAsBytes(state)

    /** Fails with [StateFailure.Unreadable], whose message holds nothing of the state. */
    fun decode(bytes: ByteArray): S {
        val written = bytes.firstOrNull()?.toInt() ?: throw StateFailure.Unreadable("the kept ${type.simpleName} is empty")
        if (written !in 1..format) throw StateFailure.Unreadable("the kept ${type.simpleName} has format $written, known is up to $format")
        return try {
            if (written == format) {
                mapper.readValue(bytes, 1, bytes.size - 1, type)
            } else {
                mapper.treeToValue(upgrade(written, mapper.readTree(bytes, 1, bytes.size - 1)), type)
            }
        } catch (failure: JacksonException) {
            // The exception's own message quotes what it could not read.
            throw StateFailure.Unreadable("the kept ${type.simpleName} of format $written is damaged (${failure.javaClass.simpleName})")
        }
    }

    private companion object {
        val mapper: JsonMapper =
            JsonMapper
                .builder(CBORFactory())
                .addModule(kotlinModule())
                .defaultPropertyInclusion(JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
                .build()
    }
}
