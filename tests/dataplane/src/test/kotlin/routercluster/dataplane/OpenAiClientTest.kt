package routercluster.dataplane

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource
import routercluster.kit.House
import routercluster.kit.venvProgram
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** The official OpenAI client for Python, as it is installed from PyPI, finds nothing odd about either door. */
class OpenAiClientTest {
    @ParameterizedTest(name = "behind Envoy: {0}")
    @ValueSource(booleans = [false, true])
    fun `the official client is content`(behindEnvoy: Boolean) {
        val python = venvProgram("python")
        assumeTrue(python != null && runs(python, "-c", "import openai"), "The OpenAI client is not installed: run ./router test")
        val script = Path.of(checkNotNull(javaClass.getResource("/openai_client.py")).toURI())
        val output = Files.createTempFile("openai-client", ".log")
        House.open(behindEnvoy).use { house ->
            val client =
                ProcessBuilder("$python", "$script", "http://127.0.0.1:${house.port}/v1")
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start()
            val ended = client.waitFor(CLIENT_SECONDS_MAX, TimeUnit.SECONDS)
            if (!ended) client.destroyForcibly().waitFor()
            withClue(Files.readString(output)) {
                ended shouldBe true
                client.exitValue() shouldBe 0
            }
        }
        Files.delete(output)
    }

    private fun runs(vararg command: Any?): Boolean =
        ProcessBuilder(command.map { "$it" })
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor() == 0

    private companion object {
        const val CLIENT_SECONDS_MAX = 60L
    }
}
