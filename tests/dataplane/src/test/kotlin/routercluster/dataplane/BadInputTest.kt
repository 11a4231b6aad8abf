package routercluster.dataplane

import io.kotest.assertions.withClue
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.extension.RegisterExtension
import routercluster.kit.House
import routercluster.kit.LogsOnFailure

/** Every row gets a clear error in OpenAI's shape; then the next request works, on the same connection where HTTP allows it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
internal abstract class BadInputTest(private val behindEnvoy: Boolean) {
    private var open: House? = null
    protected val house: House get() = checkNotNull(open) { "The house is not open" }

    @RegisterExtension
    val logs = LogsOnFailure("Envoy") { open?.envoy?.log().orEmpty() }

    @BeforeAll
    fun open() {
        open = House.open(behindEnvoy)
    }

    /** Nothing that was asked is forgotten: the count of requests in flight comes back to zero. */
    @AfterAll
    fun close() {
        open?.use(House::awaitIdle)
    }

    /** What this door says to [row]; null where it can only end the connection. */
    protected open fun expected(row: BadRow): BadRow? = row

    @TestFactory
    fun `bad requests`(): List<DynamicTest> =
        badRows().map { row -> DynamicTest.dynamicTest(row.name) { expected(row)?.let(::refused) ?: unanswered(row) } }

    private fun unanswered(row: BadRow) {
        RawHttp(house.port).use { connection ->
            connection.send(row.bytes)
            connection.read() shouldBe null
        }
        house.ask("hello").status shouldBe 200
    }

    private fun refused(row: BadRow) {
        RawHttp(house.port).use { connection ->
            connection.send(row.bytes)
            val answer = connection.read() ?: error("the connection was closed without an answer")
            withClue("${answer.status} ${answer.body}") {
                val error = parsed(answer.body).path("error")
                error.path("code").textValue() shouldBe row.code
                answer.status shouldBe row.status
                answer.status shouldBeInRange 400..499
                answer.headers.getValue("content-type") shouldContain "application/json"
                error.path("type").textValue() shouldBe "invalid_request_error"
                error.path("message").asText() shouldNotBe ""
                answer.body shouldNotContain SECRET_PROMPT
            }
            if (row.keepsConnection) {
                connection.send(wire(chat("hello")))
                connection.read()?.status shouldBe 200
            }
        }
        house.ask("hello").status shouldBe 200
    }

    @Test
    fun `HTTP 1,0 gets an answer and the end of its connection`() {
        RawHttp(house.port).use { connection ->
            connection.send(wire(chat("hello")).replace("HTTP/1.1", "HTTP/1.0"))
            val answer = checkNotNull(connection.read())
            withClue("${answer.headers}") {
                answer.status shouldBe 200
                parsed(answer.body).at("/choices/0/finish_reason").textValue() shouldBe "stop"
                connection.read() shouldBe null
            }
        }
    }

    @Test
    fun `requests in one packet are answered in their order`() {
        RawHttp(house.port).use { connection ->
            connection.send(wire(chat("one", "large")) + wire(chat("two")) + wire(chat("three", "large")))
            List(3) { connection.read()?.headers?.get("x-vsr-selected-model") } shouldBe listOf("large", "small", "large")
        }
    }

    @Test
    fun `a client may ask before it sends its body`() {
        RawHttp(house.port).use { connection ->
            val (head, body) = wire(chat("hello")).split("\r\n\r\n")
            connection.send("$head\r\nExpect: 100-continue\r\n\r\n")
            connection.head()?.status shouldBe 100
            connection.send(body)
            connection.read()?.status shouldBe 200
        }
    }

    @Test
    fun `a client that leaves within its request leaves nothing behind`() {
        house.reset()
        for (part in listOf(10, 60, 120)) RawHttp(house.port).use { it.send(wire(chat("hello".repeat(50))).take(part)) }
        house.ask("hello").status shouldBe 200
        house.small.requestCount shouldBe 1
    }
}

internal class HttpBadInputTest : BadInputTest(behindEnvoy = false) {
    @Test
    fun `good and bad requests in one packet are answered in their order`() {
        RawHttp(house.port).use { connection ->
            connection.send(wire(chat("hello")) + wire("{") + wire(chat("your opening hours?")) + wire(chat("x", "nobody")))
            List(4) { connection.read()?.status } shouldBe listOf(200, 400, 200, 404)
        }
    }
}

/** What Envoy sees differently says why. */
internal class EnvoyBadInputTest : BadInputTest(behindEnvoy = true) {
    override fun expected(row: BadRow): BadRow? =
        when (row.name) {
            // Envoy counts the request line among the headers.
            "a URI that is too long" -> row.but(431, "headers_too_large")

            // Its parser knows the methods, so the rest is no HTTP to it.
            "an unknown method" -> row.but(400, "bad_http")

            // It notices when the router has been asked already, and closes before the router has let its answer pass.
            "a chunk length that is no number" -> null

            // It ends a connection of HTTP/1 with every answer that did not come from an upstream.
            else -> row.but(keepsConnection = false)
        }
}
