package routercluster.gateway.cache

import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.ObjectNode
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.contracts.SetClock
import routercluster.gateway.Answer
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.mock.mockLlm
import routercluster.telemetry.AnswerPath
import routercluster.telemetry.RouterEvent
import java.time.Duration

/** Answers given again to equal requests, through the HTTP door. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ResponseCacheTest {
    private fun kept(settings: String) = "plugins: [{type: response_cache, configuration: {mode: exact, $settings}}]"

    private val clock = SetClock()
    private val mock = mockLlm()
    private val router = TestGateway(
        policyText(
            mock.port,
            mapOf(
                "shared" to kept("scope: global, ttl_seconds: 60"),
                "own" to kept("scope: user"),
                "team" to kept("scope: team"),
                "told" to kept("scope: global, request_controls: {enabled: true, max_ttl_seconds: 20}"),
                "plain" to "modelRefs: [{model: large}]",
            ),
            gateway = "{trusted_peers: [127.0.0.1]}",
        ),
        clock = clock,
    )

    @BeforeEach
    fun forget() = router.heard.forget()

    @AfterAll
    fun close() {
        router.close()
        mock.close()
    }

    private val calls: Int get() = router.heard.of<RouterEvent.AttemptEnded>().size

    /** How often models are asked while [act] runs. */
    private fun callsOf(act: () -> Unit): Int {
        val before = calls
        act()
        return calls - before
    }

    private fun Answer.isHit() = header("x-vsr-cache-hit") == "true"

    @Test
    fun `an equal request gets the same answer without a model and without a signal`() {
        val first = router.asked("shared one")
        first.isHit() shouldBe false
        router.heard.forget()
        callsOf {
            val second = router.asked("shared one")
            second.isHit() shouldBe true
            second.json.at("/choices/0/message/content") shouldBe first.json.at("/choices/0/message/content")
            second.json.at("/usage") shouldBe first.json.at("/usage").deepCopy<ObjectNode>().retain(
                "prompt_tokens",
                "completion_tokens",
                "total_tokens",
            )
            second.headers("x-vsr-response-path", "x-vsr-cache-kind", "x-vsr-selected-decision", "x-vsr-selected-model", "age") shouldBe
                listOf("cache", "exact", "shared", "small", "0")
            second.header("x-vsr-cache-similarity") shouldBe null
        } shouldBe 0
        router.heard
            .of<RouterEvent.Routed>()
            .single()
            .readings shouldBe emptyList()
        router.heard
            .await<RouterEvent.Completed>()
            .single()
            .path shouldBe AnswerPath.CACHE
        router.heard
            .of<RouterEvent.AnswerSought>()
            .single()
            .outcome shouldBe "hit_exact"
        (
            router.heard
                .of<RouterEvent.AnswerSought>()
                .single()
                .saved!! > 0
        ) shouldBe true
    }

    @Test
    fun `a stream is kept when it came to its end, and given again as a stream or whole`() {
        val stream = router.asked("shared stream", fields = ""","stream":true,"stream_options":{"include_usage":true}""")
        stream.isHit() shouldBe false
        val whole = router.asked("shared stream")
        whole.isHit() shouldBe true
        val again = router.asked("shared stream", fields = ""","stream":true,"stream_options":{"include_usage":true}""")
        again.isHit() shouldBe true
        again.header("content-type").orEmpty() shouldContain "text/event-stream"
        again.body shouldEndWith "data: [DONE]\n\n"
        again.body shouldContain "\"usage\":{\"prompt_tokens\":"
        val said = again.body.lines().filter { it.startsWith("data: {") }.joinToString("") {
            ObjectMapper().readTree(it.removePrefix("data: ")).at("/choices/0/delta/content").asText("")
        }
        said shouldBe whole.json.at("/choices/0/message/content").textValue()
        router.asked("shared stream", fields = ""","stream":true""").body.contains("\"usage\"") shouldBe false
    }

    @Test
    fun `what can change the answer makes another request`() {
        router.asked("shared two")
        for (fields in listOf(
            ""","temperature":0.1""",
            ""","response_format":{"type":"json_object"}""",
            ""","tools":[]""",
            ""","seed":1""",
        )) {
            withClue(fields) { router.asked("shared two", fields = fields).isHit() shouldBe false }
        }
        router.asked("shared two.").isHit() shouldBe false
        router.asked("shared two", fields = ""","user":"u","metadata":{"a":"b"}""").isHit() shouldBe true
    }

    @Test
    fun `an answer's time ends however often it is given`() {
        router.asked("shared old")
        repeat(3) {
            clock.forward(Duration.ofSeconds(17))
            router.asked("shared old").isHit() shouldBe true
        }
        clock.forward(Duration.ofSeconds(17))
        router.asked("shared old").isHit() shouldBe false
    }

    @Test
    fun `a user's answers are that user's, and of a stranger nothing is kept`() {
        val ann = "x-authz-user-id" to "ann"
        router.asked("own one", ann)
        router.asked("own one", ann).isHit() shouldBe true
        router.asked("own one", "x-authz-user-id" to "bob").isHit() shouldBe false
        router.asked("own one", ann, "x-authz-tenant-id" to "acme").isHit() shouldBe false
        router.asked("own one").isHit() shouldBe false
        router.asked("own one").isHit() shouldBe false
        router.heard
            .of<RouterEvent.AnswerKept>()
            .map { it.outcome }
            .contains("nobody_named") shouldBe true
    }

    @Test
    fun `a team's answers are its members', and no name can be put together to look like another's`() {
        fun member(tenant: String, team: String, user: String) =
            arrayOf("x-authz-tenant-id" to tenant, "x-authz-team-id" to team, "x-authz-user-id" to user)
        router.asked("team one", *member("acme", "red", "ann"))
        router.asked("team one", *member("acme", "red", "bob")).isHit() shouldBe true
        router.asked("team one", *member("acme", "blue", "ann")).isHit() shouldBe false
        router.asked("team one", *member("acmer", "ed", "ann")).isHit() shouldBe false
        router.asked("team one", "x-authz-user-id" to "ann").isHit() shouldBe false
    }

    @Test
    fun `the same prompt of a thousand tenants never crosses`() {
        val tenants = List(1_000) { "x-authz-tenant-id" to "t$it" }
        for (tenant in tenants) router.asked("team all", tenant, "x-authz-team-id" to "core").isHit() shouldBe false
        for (tenant in tenants.take(10)) router.asked("team all", tenant, "x-authz-team-id" to "core").isHit() shouldBe true
    }

    @Test
    fun `what a client says of the cache holds where the policy lets it`() {
        router.asked("told one")
        router.asked("told one", "x-vsr-cache-control" to "no-cache").isHit() shouldBe false
        router.asked("told one", "cache-control" to "no-cache").isHit() shouldBe false
        router.asked("told one").isHit() shouldBe true
        clock.forward(Duration.ofSeconds(10))
        router.asked("told one", "x-vsr-cache-control" to "max-age=5").isHit() shouldBe false
        router.asked("told two", "x-vsr-cache-control" to "no-store")
        router.asked("told two").isHit() shouldBe false
        router.asked("told three", "x-vsr-cache-control" to "ttl=100")
        clock.forward(Duration.ofSeconds(25))
        router.asked("told three").isHit() shouldBe false
        router.asked("told one", "x-vsr-cache-control" to "whatever").status shouldBe 400
    }

    @Test
    fun `without leave only no-store holds`() {
        router.asked("shared mine")
        router.asked("shared mine", "x-vsr-cache-control" to "bypass", "cache-control" to "no-cache").isHit() shouldBe true
        router.asked("shared other", "cache-control" to "no-store")
        router.asked("shared other").isHit() shouldBe false
    }

    @Test
    fun `nothing is kept of decisions without a cache, of models asked for by name, and where the name of the model says so`() {
        callsOf { repeat(2) { router.asked("plain one") } } shouldBe 2
        callsOf { repeat(2) { router.asked("shared by name", model = "small") } } shouldBe 2
        callsOf { repeat(2) { router.asked("shared switched", model = "auto:no-cache") } } shouldBe 2
    }

    @Test
    fun `questions whose answer changes with time are not kept`() {
        callsOf { repeat(2) { router.asked("shared weather today?") } } shouldBe 2
    }
}
