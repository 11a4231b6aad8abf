package routercluster.silo.contracts

import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.ObjectNode
import com.fasterxml.jackson.dataformat.cbor.databind.CBORMapper
import io.kotest.assertions.assertSoftly
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import org.apache.pekko.actor.typed.ActorSystem
import org.apache.pekko.actor.typed.javadsl.Adapter
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.serialization.SerializationExtension
import org.apache.pekko.serialization.SerializerWithStringManifest
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.grains.WireVersion
import routercluster.grains.state.StateCodec
import routercluster.grains.state.StateFailure
import java.nio.file.Files
import java.nio.file.Path
import java.util.Base64
import kotlin.reflect.full.primaryConstructor

/**
 * Bytes as some version of this program wrote them: of every message and every kept state. A line holds its kind, the class, the number
 * of the format, what sets the sample apart, and the bytes. Lines are only ever added, so that what was once written stays readable.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GoldenTest {
    private val system = ActorSystem.create(Behaviors.empty<Any>(), "golden")
    private val serialization = SerializationExtension.get(Adapter.toClassic(system))
    private val cbor: ObjectMapper = CBORMapper()

    @AfterAll
    fun close() = system.terminate()

    private data class Line(val kind: String, val name: String, val format: Int, val sample: String, val bytes: String) {
        val head: String get() = "$kind $name $format $sample"
        val raw: ByteArray get() = Base64.getDecoder().decode(bytes)

        override fun toString() = "$head $bytes"
    }

    private fun lines(): List<Line> =
        Files.readAllLines(file).map { text ->
            val (kind, name, format, sample, bytes) = text.split(' ')
            Line(kind, name, format.toInt(), sample, bytes)
        }

    private fun written(): List<Line> =
        messages.flatMap { type ->
            Samples.all(type, CASES, system).map { (sample, value) ->
                Line(Contract.MESSAGE, type.java.name, WireVersion.WRITTEN, sample, encoded(write(value)))
            }
        } +
            codecs.flatMap { codec ->
                Samples.all(codec.type.kotlin, 1, system).map { (sample, value) ->
                    Line(Contract.KEPT, codec.type.name, codec.format, sample, encoded(encode(codec, value)))
                }
            }

    private fun encoded(bytes: ByteArray) = Base64.getEncoder().encodeToString(bytes)

    private fun write(message: Any): ByteArray = serialization.serialize(message).get()

    private fun read(name: String, bytes: ByteArray): Any {
        val serializer = serialization.serializerFor(Class.forName(name)) as SerializerWithStringManifest
        return serialization.deserialize(bytes, serializer.identifier(), name).get()
    }

    @Suppress("UNCHECKED_CAST")
    private fun encode(codec: StateCodec<*>, state: Any) = (codec as StateCodec<Any>).encode(state)

    private fun codecOf(line: Line): StateCodec<*> = codecs.single { it.type.name == line.name }

    @Test
    fun `what is written today is in the file, byte by byte`() {
        val now = written().distinctBy { "${it.kind} ${it.name} ${it.bytes}" }
        if (System.getenv("UPDATE_CONTRACTS") != null) {
            val known = if (Files.exists(file)) lines() else emptyList()
            Files.write(file, (known + now.filterNot { it in known }).map { "$it" })
        }
        val last = lines().associateBy { it.head }
        assertSoftly {
            now.forEach { withClue("${it.head} is written otherwise: run this test with UPDATE_CONTRACTS=1") { last[it.head] shouldBe it } }
        }
    }

    @Test
    fun `what was ever written is read, and what is still written so is written the same`() {
        val today = written().toSet()
        assertSoftly {
            for (line in lines()) {
                withClue(line.head) {
                    val again =
                        when (line.kind) {
                            Contract.MESSAGE -> if (line.format < WireVersion.OLDEST_READ) continue else write(read(line.name, line.raw))
                            else -> codecOf(line).let { encode(it, it.decode(line.raw)) }
                        }
                    if (line in today) encoded(again) shouldBe line.bytes
                }
            }
        }
    }

    @Test
    fun `a message of a newer node is read without what is new in it`() {
        assertSoftly {
            for (line in lines().filter { it.kind == Contract.MESSAGE && it.format >= WireVersion.OLDEST_READ }) {
                val tree = cbor.readTree(line.raw) as? ObjectNode ?: continue
                tree.putObject("newer").put("field", 1)
                withClue(line.head) {
                    encoded(write(read(line.name, cbor.writeValueAsBytes(tree)))) shouldBe
                        encoded(write(read(line.name, line.raw)))
                }
            }
        }
    }

    @Test
    fun `a message of an older node is read by the defaults of what it does not have`() {
        val withDefaults = messages.filter { type ->
            type.primaryConstructor
                ?.parameters
                .orEmpty()
                .any { it.isOptional }
        }
        withDefaults.shouldNotBeEmpty()
        for (type in withDefaults) {
            val sparse = Samples(0, isSparse = true, system).of(type)
            val tree = cbor.readTree(write(sparse)) as ObjectNode
            type.primaryConstructor
                ?.parameters
                .orEmpty()
                .filter { it.isOptional }
                .forEach { tree.remove(it.name) }
            withClue(type) { read(type.java.name, cbor.writeValueAsBytes(tree)) shouldBe sparse }
        }
    }

    @Test
    fun `a state that a newer node wrote is refused whole, rather than saved without what is new in it`() {
        assertSoftly {
            for (line in lines().filter { it.kind == Contract.KEPT }) {
                val codec = codecOf(line)
                val tree = cbor.readTree(line.raw.copyOfRange(1, line.raw.size)) as ObjectNode
                tree.put("newer", 1)
                withClue(line.head) {
                    shouldThrow<StateFailure.Unreadable> { codec.decode(line.raw.copyOf(1) + cbor.writeValueAsBytes(tree)) }
                    shouldThrow<StateFailure.Unreadable> { codec.decode(byteArrayOf((codec.format + 1).toByte()) + line.raw.drop(1)) }
                }
            }
        }
    }

    private companion object {
        /** As many as the largest choice has. */
        val CASES = contractOfClasses().entries.filter { it.kind == Contract.CHOICE }.maxOfOrNull { it.fields.size } ?: 1
        val file: Path = Path.of("src/test/resources/golden.txt")
    }
}
