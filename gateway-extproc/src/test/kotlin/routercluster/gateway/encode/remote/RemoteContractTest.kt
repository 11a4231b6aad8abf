package routercluster.gateway.encode.remote

import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.TestInstance
import routercluster.contracts.EncoderContract
import routercluster.mock.Answer
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.policy.catalog.AnswerParser
import routercluster.policy.catalog.Endpoint
import routercluster.policy.catalog.ExternalModel
import routercluster.policy.catalog.HttpProtocol
import routercluster.policy.catalog.RemoteBounds
import routercluster.policy.catalog.RemoteService
import routercluster.policy.catalog.RemoteSettings
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.LabelQuestion
import routercluster.policy.encode.OpenEncoder
import routercluster.policy.models.Secret
import java.time.Duration

/** One encoder, and whom it asks, for all tests of a class. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class OpenContract : EncoderContract {
    internal val remotes = RemoteEncoders()
    abstract override val encoder: OpenEncoder

    @AfterAll
    fun close() {
        encoder.close()
        remotes.close()
    }
}

abstract class HttpContract(protocol: HttpProtocol) : OpenContract() {
    private val services = WordServices()
    override val encoder: OpenEncoder = remotes.open(services.settings(protocol))

    @AfterAll
    fun stop() = services.close()
}

class OpenAiEmbeddingsContractTest : HttpContract(HttpProtocol.OPENAI_EMBEDDINGS)

class TeiEmbedContractTest : HttpContract(HttpProtocol.TEI_EMBED)

class TeiRerankContractTest : HttpContract(HttpProtocol.TEI_RERANK)

class TeiPredictContractTest : HttpContract(HttpProtocol.TEI_PREDICT)

class HttpClassifyContractTest : HttpContract(HttpProtocol.HTTP_CLASSIFY)

abstract class ChatContract(says: String, question: LabelQuestion, parser: AnswerParser = AnswerParser.AUTO) : OpenContract() {
    private val llm = mockLlm(Script(answer = Answer.Text(says)))
    final override val encoder: OpenEncoder = remotes.open(judge(llm.port, parser), listOf(question))

    @AfterAll
    fun stop() = llm.close()
}

class ChatClassifierContractTest : ChatContract("""{"label": "law"}""", topicQuestion)

class AbstainingChatContractTest : ChatContract("I would rather not say.", topicQuestion)

class ChatGuardContractTest : ChatContract("Safety: Unsafe\nCategories: Jailbreak", threatQuestion, AnswerParser.QWEN3GUARD)

class McpProcessContractTest : OpenContract() {
    override val encoder = remotes.open(mcpSettings(mcpProcess()))
}

class McpHttpContractTest : OpenContract() {
    private val server = McpServer()
    override val encoder = remotes.open(mcpSettings(server.service))

    @AfterAll
    fun stop() = server.close()
}

internal fun judge(port: Int, parser: AnswerParser = AnswerParser.AUTO, template: String? = null) =
    ExternalModel(
        "judge",
        ExternalModel.Role.CLASSIFICATION,
        Endpoint(tls = false, "127.0.0.1", port, key = Secret(SERVICE_KEY)),
        "judge-1",
        Duration.ofSeconds(30),
        template,
        parser,
    )

private fun question(name: String, head: Head, instructions: String?) =
    LabelQuestion(HeadRef("judge", name), head.labels.map { LabelQuestion.Choice(it) }, instructions, head.positive)

internal val topicQuestion = question("topic", topics, "Choose a topic.")
internal val threatQuestion = question("guard", threats, null)

internal fun mcpSettings(service: RemoteService, timeout: Duration = Duration.ofSeconds(30)) =
    RemoteSettings("mcp", service, mapOf("class" to topics), timeout, RemoteBounds(batchMax = 1, answerBytesMax = 65_536))
