package routercluster.dataplane

import org.junit.jupiter.api.io.TempDir
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource
import routercluster.contracts.MemoryConversations
import routercluster.kit.House
import routercluster.mock.Answer
import routercluster.mock.Fault
import routercluster.mock.Script
import routercluster.mock.ToolCall
import java.nio.file.Path

/** The Responses API as the official OpenAI client for Python uses it. */
class ResponsesClientTest {
    @TempDir
    lateinit var folder: Path

    @ParameterizedTest(name = "behind Envoy: {0}")
    @ValueSource(booleans = [false, true])
    fun `the official client's responses and conversations`(behindEnvoy: Boolean) {
        requireModule("openai", folder)
        House.open(behindEnvoy, conversations = MemoryConversations()).use { house ->
            house.small.script = Script(answer = Answer.Echo)
            house.large.script = Script(toolCalls = listOf(ToolCall("weather", """{"city":"Bern"}""")))
            runPython("openai_responses.py", folder, "http://127.0.0.1:${house.port}/v1", "answering")
            house.small.script = Script(fault = Fault.Silence(0))
            runPython("openai_responses.py", folder, "http://127.0.0.1:${house.port}/v1", "silent")
            house.awaitIdle()
        }
    }
}
