package routercluster.dataplane

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldMatch
import org.junit.jupiter.api.Test
import routercluster.kit.House
import routercluster.mock.Received
import routercluster.mock.Script
import java.net.http.HttpClient
import java.net.http.HttpResponse.BodyHandlers

/** Where requests go, what they carry there, and what the answers tell. */
internal interface RoutingScenarios : DoorContract {
    @Test
    fun `decides by the prompt and says so`() {
        val rows =
            listOf(
                Triple("hello", null, "small"),
                Triple("a stacktrace", "code", "large"),
                Triple("word ".repeat(3_000), "long", "large"),
            )
        for ((text, decision, model) in rows) {
            val reply = house.ask(text)
            withClue("$decision") {
                reply.status shouldBe 200
                reply.header("x-vsr-selected-decision") shouldBe decision
                reply.header("x-vsr-selected-model") shouldBe model
                reply.header("x-vsr-selected-recipe") shouldBe "default"
                reply.header("x-vsr-selected-algorithm") shouldBe decision?.let { "static" }
                reply.header("x-vsr-response-path") shouldBe "upstream"
                reply.header("x-vsr-schema-version") shouldBe "2"
                reply.header("x-router-policy").orEmpty() shouldMatch "[0-9a-f]{12}"
                reply.header("x-router-upstream") shouldBe "$model/one"
                reply.header("x-vsr-matched-keywords") shouldBe null
            }
        }
    }

    @Test
    fun `an upstream gets its own path, name, credential and headers`() {
        val client = "authorization" to "Bearer of-the-client"
        house.post(chat("x", "small"), CHAT, client).status shouldBe 200
        house.post(chat("x", "large"), "$CHAT?trace=1", client).status shouldBe 200
        val small = house.small.seen.single()
        small.path shouldBe "/house/v1/chat/completions"
        small.json().path("model").textValue() shouldBe "small-v2"
        small.headers["authorization"] shouldBe "Bearer ${House.SMALL_KEY}"
        small.headers["x-tenant"] shouldBe "attic"
        small.headers["host"] ?: small.headers.authority() shouldBe "127.0.0.1:${house.small.port}"
        val large = house.large.seen.single()
        large.path shouldBe "/deep/api/talk/chat/completions?trace=1"
        large.json().path("model").textValue() shouldBe "org/large"
        large.headers["x-key"] shouldBe "Token ${House.LARGE_KEY}"
        large.headers["authorization"] shouldBe null
        large.headers["x-tenant"] shouldBe null
    }

    @Test
    fun `a model asked for by name is not decided about`() {
        val reply = house.ask("stacktrace", "small")
        reply.header("x-vsr-selected-model") shouldBe "small"
        reply.header("x-vsr-selected-decision") shouldBe null
        house.small.requestCount shouldBe 1
    }

    @Test
    fun `switches behind the model's name`() {
        val debug = house.ask("a stacktrace", "auto:debug")
        debug.header("x-vsr-selected-model") shouldBe "large"
        debug.header("x-vsr-matched-keywords") shouldBe "code"
        debug.header("x-vsr-context-token-count")?.toInt() shouldNotBe null
        val pinned = house.ask("hello", "auto:model=large")
        pinned.header("x-vsr-selected-model") shouldBe "large"
        house.ask("hello", "auto:no-cache").header("x-vsr-selected-model") shouldBe "small"
        house.large.seen.map { it.json().path("model").textValue() } shouldBe listOf("org/large", "org/large")
    }

    @Test
    fun `a fixed answer needs no model`() {
        val reply = house.ask("your opening hours?")
        withClue("$reply") {
            reply.status shouldBe 200
            reply.content shouldBe HOURS
            reply.header("x-vsr-selected-decision") shouldBe "hours"
            reply.header("x-vsr-fast-response") shouldBe "true"
            reply.header("x-vsr-response-path") shouldBe "fast_response"
        }
        val stream = house.post(chat("your opening hours?", more = STREAMED))
        stream.header("content-type") shouldBe "text/event-stream"
        said(stream.text) shouldBe HOURS
        stream.text.endsWith("data: [DONE]\n\n") shouldBe true
        house.small.requestCount + house.large.requestCount shouldBe 0
    }

    @Test
    fun `a client that speaks HTTP 2, or offers to`() {
        val upgrading = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build()
        val reply = Reply(upgrading.send(request(house.port, CHAT, chat("hello")), BodyHandlers.ofString()))
        reply.status shouldBe 200
        val names = house.small.seen
            .single()
            .headers
            .names()
            .map { "$it" }
        names.filter { it == "upgrade" || it == "http2-settings" } shouldBe emptyList()
    }

    @Test
    fun `models`() {
        val names = house
            .get("/v1/models")
            .json
            .path("data")
            .map { it.path("id").textValue() }
        names shouldContainAll listOf("auto", "small", "large", "gone")
        house
            .get("/v1/models/large")
            .json
            .path("id")
            .textValue() shouldBe "large"
    }

    @Test
    fun `embeddings go to the model that they name`() {
        val reply = house.post("""{"model":"small","input":"river"}""", "/v1/embeddings")
        withClue("$reply") { reply.json.at("/data/0/embedding").size() shouldBe 16 }
        val seen = house.small.seen.single()
        seen.path shouldBe "/house/v1/embeddings"
        seen.text() shouldBe """{"model":"small-v2","input":"river"}"""
        house.post("""{"model":"large","input":"river"}""", "/v1/embeddings").status shouldBe 200
        house.large.seen
            .single()
            .path shouldBe "/deep/api/embeddings"
        house.post("""{"model":"auto","input":"river"}""", "/v1/embeddings").errorCode shouldBe "auto_needs_chat"
    }

    @Test
    fun `a request's id is kept where it is one`() {
        val kept = house.post(chat("x"), CHAT, "x-request-id" to "abc-1.2:3")
        kept.header("x-request-id") shouldBe "abc-1.2:3"
        val replaced = house.post(chat("x"), CHAT, "x-request-id" to "no \"id\"")
        replaced.header("x-request-id").orEmpty() shouldMatch Regex("[0-9a-f]{32}")
        house.small.seen.map { it.headers["x-request-id"] } shouldBe listOf(kept, replaced).map { it.header("x-request-id") }
        house.post("{", CHAT, "x-request-id" to "bad-1").header("x-request-id") shouldBe "bad-1"
    }

    @Test
    fun `the id of a model's own answer is kept beside ours`() {
        house.small.next(Script(headers = mapOf("x-request-id" to "req_of_the_provider")))
        val reply = house.post(chat("x"), CHAT, "x-request-id" to "ours")
        reply.header("x-request-id") shouldBe "ours"
        reply.header("x-upstream-request-id") shouldBe "req_of_the_provider"
        house.small.next(Script(headers = mapOf("x-request-id" to "ours")))
        house.post(chat("x"), CHAT, "x-request-id" to "ours").header("x-upstream-request-id") shouldBe null
    }

    @Test
    fun `what a client must not say is not heard`() {
        val forged =
            arrayOf(
                "x-authz-user-id" to "boss",
                "x-authz-user-groups" to "admins",
                "x-selected-model" to "large",
                "x-vsr-selected-model" to "large",
                "x-vsr-selected-decision" to "code",
                "x-gateway-destination-endpoint" to "127.0.0.1:1",
                "x-routercluster-upstream" to "large/one",
                "x-router-attempt" to "7",
                "x-envoy-upstream-rq-timeout-ms" to "1",
                "x-envoy-original-path" to "/elsewhere",
                "x-forwarded-for" to "10.9.8.7",
            )
        val reply = house.post(chat("hello"), CHAT, *forged)
        reply.header("x-vsr-selected-model") shouldBe "small"
        val seen = house.small.seen.single()
        internalHeaders(seen) shouldBe listOf("x-selected-model: small")
        val payroll = house.post(chat("payroll"), CHAT, *forged)
        payroll.status shouldBe 403
        payroll.errorCode shouldBe "identity_required"
        payroll.header("x-vsr-response-path") shouldBe "blocked"
        house.large.requestCount shouldBe 0
    }

    @Test
    fun `what a client says about its connection goes no further`() {
        RawHttp(house.port).use { client ->
            val body = chat("hello")
            client.send(
                "POST $CHAT HTTP/1.1\r\nHost: other.example\r\nConnection: keep-alive, x-mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\n" +
                    "TE: trailers\r\nProxy-Connection: keep-alive\r\nAccept-Encoding: gzip\r\nX-Kept: 1\r\n" +
                    "Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n$body",
            )
            client.read()?.status shouldBe 200
        }
        val names = house.small.seen
            .single()
            .headers
            .names()
            .map { "$it" }
        names.filter { it in setOf("connection", "keep-alive", "te", "proxy-connection", "x-mine", "accept-encoding") } shouldBe emptyList()
        names shouldContain "x-kept"
    }

    companion object {
        private const val HOURS = "From nine to five: 営業時間 9–17."
        private val internal = listOf("x-authz-", "x-selected-", "x-vsr-", "x-gateway-", "x-router", "x-envoy-", "x-forwarded-for")

        private fun internalHeaders(seen: Received): List<String> =
            seen.headers
                .map { (name, value) -> "$name: $value" }
                .filter { header -> internal.any(header::startsWith) }
    }
}
