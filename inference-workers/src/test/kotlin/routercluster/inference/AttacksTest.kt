package routercluster.inference

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.matchers.maps.shouldBeEmpty
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.TestInstance
import routercluster.policy.encode.HeadRef
import java.nio.file.Path

/**
 * The whole attack suite through this engine and the bundle that it ships: how often each disguise turns an answer. The bounds are those
 * of `training/attacks/bounds.json`, which the training's own reading of the bundle is held to as well; they may only fall.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AttacksTest {
    private val encoder = openEncoder(EncoderConfig("default", EncoderSource.Folder(bundle)))

    @AfterAll
    fun close() = encoder.close()

    @TestFactory
    fun `no disguise works more often than its bound`(): List<DynamicTest> =
        json.readTree(attacks.resolve("bounds.json").toFile()).properties().map { (suite, bounds) ->
            dynamicTest(suite) {
                val rows = readAttacks(attacks.resolve("$suite.jsonl.gz"))
                val head = rows.map(Attack::head).distinct().single()
                val found = turned(rows, Judge(encoder, HeadRef("default", head), alarmFrom(head)).right(rows))
                println(table(suite, head, found, bounds.properties().associate { it.key to it.value.intValue() }))
                found.keys shouldBe bounds.properties().map { it.key }.toSet()
                found.mapValues { it.value.count }.filter { (disguise, count) -> count > bounds[disguise].intValue() }.shouldBeEmpty()
            }
        }

    private fun table(suite: String, head: String, found: Map<String, Turned>, bounds: Map<String, Int>): String =
        buildString {
            appendLine("attacks on $head ($suite)")
            appendLine("%-14s%6s%8s%8s%8s".format("disguise", "rows", "turned", "rate", "bound"))
            for ((disguise, it) in found) {
                appendLine("%-14s%6d%8d%8.3f%8d".format(disguise, it.rows, it.count, it.count.toDouble() / it.rows, bounds[disguise]))
            }
        }

    /** Where a guard's alarm was set when it was trained; null for a head that picks a label. */
    private fun alarmFrom(head: String): Float? =
        json
            .readTree(bundle.resolve("heads.json").toFile())["heads"]
            .single { it["name"].textValue() == head }
            .path("threshold")
            .get("value")
            ?.floatValue()

    private companion object {
        val bundle: Path = Path.of("../models/default")
        val attacks: Path = Path.of("../training/attacks")
        val json = ObjectMapper()
    }
}
