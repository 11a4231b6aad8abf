package routercluster.policy.config.format

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.networknt.schema.JsonSchema
import com.networknt.schema.JsonSchemaFactory
import com.networknt.schema.SpecVersion
import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.snakeyaml.engine.v2.api.Load
import org.snakeyaml.engine.v2.api.LoadSettings
import org.snakeyaml.engine.v2.schema.CoreSchema
import java.nio.file.Files
import java.nio.file.Path

class SchemaTest {
    private val mapper = ObjectMapper()
    private val schema: JsonSchema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(configSchema())
    private val settings = LoadSettings
        .builder()
        .setSchema(CoreSchema())
        .build()

    private fun faults(yaml: String): List<String> {
        val document: JsonNode = mapper.valueToTree(Load(settings).loadFromString(yaml))
        return schema.validate(document).map { it.message }
    }

    /** Its signals are made for families that ask for no more than a name. */
    private val full: String =
        checkNotNull(javaClass.getResource("/policies/full.yaml"))
            .readText()
            .replace(Regex("(?m)^( *)signals:\n(\\1 .*\n)+"), "")

    @Test
    fun `a policy with every part of ours satisfies it`() {
        faults(full).shouldBeEmpty()
    }

    @TestFactory
    fun `the seed's own files satisfy it`(): List<DynamicTest> {
        val folders = generateSequence(Path.of("").toAbsolutePath()) { it.parent }
        val seed = folders.map { it.resolve("shared/data/vllm-semantic-router") }.firstOrNull(Files::isDirectory)
        assumeTrue(seed != null, "../shared/data/vllm-semantic-router is not here")
        val files = listOf("config.yaml") + listOf("balance", "feedback", "mom-v1", "privacy").map { "recipes/$it/config.yaml" }
        return files.map { file -> dynamicTest(file) { faults(Files.readString(checkNotNull(seed).resolve(file))).shouldBeEmpty() } }
    }

    @Test
    fun `what is wrong does not satisfy it`() {
        assertSoftly {
            mapOf(
                ("strategy: confidence" to "stratgy: confidence") to "stratgy",
                ("lb_policy: least_request" to "lb_policy: least") to "lb_policy",
                ("retry_count: 2" to "retry_count: 9") to "retry_count",
                ("port: 8899" to "prt: 8899") to "port",
                ("type: weighted, on_error" to "type: wieghted, on_error") to "algorithm",
                ("message: Closed." to "massage: Closed.") to "massage",
            ).forEach { (change, named) ->
                withClue(change) {
                    (change.first in full) shouldBe true
                    faults(full.replace(change.first, change.second)).joinToString("\n") shouldContain named
                }
            }
        }
    }
}
