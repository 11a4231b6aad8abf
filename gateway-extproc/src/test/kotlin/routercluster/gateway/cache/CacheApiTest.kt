package routercluster.gateway.cache

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.contracts.SetClock
import routercluster.gateway.Answer
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.mock.mockLlm
import routercluster.policy.cache.AuditLine
import routercluster.telemetry.RouterEvent
import java.time.Duration

/** What operators do to kept answers, through the admin API. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CacheApiTest {
    private fun kept(scope: String, more: String = "") =
        "plugins: [{type: response_cache, configuration: {mode: exact, scope: $scope, ttl_seconds: 3600}}]$more"

    private val clock = SetClock()
    private val mock = mockLlm()
    private val policy = policyText(
        mock.port,
        mapOf(
            "shared" to kept("global"),
            "costly" to kept("global", ", modelRefs: [{model: large}]"),
            "own" to kept("user"),
            "team" to kept("team"),
        ),
        gateway = "{trusted_peers: [127.0.0.1]}",
    )
    private val secret = ByteArray(32) { it.toByte() }
    private val router = TestGateway(policy, clock = clock, replaySecret = secret)

    @BeforeEach
    fun begin() {
        router.call("$CACHE/flush", "{}").status shouldBe 200
        clock.forward(Duration.ofMinutes(1))
        router.heard.forget()
    }

    @AfterAll
    fun close() {
        router.close()
        mock.close()
    }

    private fun exported(): List<JsonNode> =
        router
            .call(
                "$CACHE/export",
                """{"limit": 50}""",
            ).also { withClue(it.body) { it.status shouldBe 200 } }
            .json
            .path("entries")
            .toList()

    private fun TestGateway.warmUp(entries: List<JsonNode>, isDry: Boolean = false): JsonNode {
        val answer = call("$CACHE/warm-up", """{"entries": $entries, "dry_run": $isDry}""")
        withClue(answer.body) { answer.status shouldBe 200 }
        return answer.json
    }

    @Test
    fun `an export is taken over by a router of the same policy and secret`() {
        val ann = "x-authz-user-id" to "ann"
        router.asked("shared carried")
        router.asked("own carried", ann)
        val entries = exported()
        entries.size shouldBe 2
        audit().last().path("action").textValue() shouldBe "export"
        TestGateway(policy, clock = clock, replaySecret = secret).use { other ->
            other.warmUp(entries, isDry = true).path("fit").asInt() shouldBe 2
            other.chat("shared carried", "cache-control" to "no-store").isHit() shouldBe false
            val told = other.warmUp(entries)
            told.at("/line/action").textValue() shouldBe "warm_up"
            other.chat("shared carried").isHit() shouldBe true
            other.chat("own carried", ann).isHit() shouldBe true
            other.chat("own carried", "x-authz-user-id" to "bob").isHit() shouldBe false
            // What was kept for an hour there is not kept for longer here.
            clock.forward(Duration.ofMinutes(61))
            other.chat("shared carried", "cache-control" to "no-store").isHit() shouldBe false
        }
    }

    @Test
    fun `what would not be kept now is left out of a warm-up, and named`() {
        router.asked("shared left out")
        val entry = exported().single() as ObjectNode

        fun changed(change: ObjectNode.() -> Unit) = entry.deepCopy().apply(change)

        fun ObjectNode.answer() = path("answer") as ObjectNode
        val rows = listOf(
            "other_format" to changed { put("format", 2) },
            "other_policy" to changed { put("policy_revision", "0") },
            "no_id" to changed { put("id", "x") },
            "no_answer" to changed { answer().remove("text") },
            "not_kept_here" to changed { answer().put("decision", "other") },
            "not_kept_here" to changed { answer().put("model", "other") },
            "not_kept_here" to changed { answer().put("namespace", "user-0") },
            "not_kept_here" to changed { putObject("alike").put("text", "x") },
            "not_yet" to changed { answer().put("kept_at", clock.millis() + 1) },
            "no_expiry" to changed { put("expires_at", "soon") },
            "expired" to changed { put("expires_at", clock.instant().toString()) },
        )
        router.warmUp(rows.map { it.second }).path("refused").map { it.path("reason").textValue() } shouldBe rows.map { it.first }
        router
            .call("$CACHE/warm-up", """{"entries": ["x", 1, null]}""")
            .json
            .path("refused")
            .size() shouldBe 3
        router.call("$CACHE/warm-up", """{"entries": []}""").status shouldBe 400
        router.call("$CACHE/flush", "{}")
        router
            .warmUp(listOf(entry))
            .path("refused")
            .single()
            .path("reason")
            .textValue() shouldBe "invalidated"
    }

    private fun Answer.isHit() = header("x-vsr-cache-hit") == "true"

    private fun invalidate(filter: String, isDry: Boolean = false): JsonNode {
        val answer = router.call("$CACHE/invalidate", """{"filter": $filter, "dry_run": $isDry}""")
        withClue(answer.body) { answer.status shouldBe 200 }
        return answer.json
    }

    private fun entries(query: String = ""): JsonNode =
        router.admin("$CACHE/entries$query").also { withClue(it.body) { it.status shouldBe 200 } }.json

    @Test
    fun `what a filter means is not given again, what it does not mean is, and a new answer is kept`() {
        val asked = listOf("shared one", "shared two", "costly one")
        asked.forEach { router.asked(it).isHit() shouldBe false }
        asked.forEach { router.asked(it).isHit() shouldBe true }
        invalidate("""{"decision": "costly"}""", isDry = true).at("/entries/exact").asInt() shouldBe 1
        asked.forEach { router.asked(it).isHit() shouldBe true }
        invalidate("""{"model": "large"}""").at("/entries/exact").asInt() shouldBe 1
        router.asked("costly one").isHit() shouldBe false
        router.asked("shared one").isHit() shouldBe true
        clock.forward(Duration.ofSeconds(2))
        router.asked("costly one").isHit() shouldBe false
        router.asked("costly one").isHit() shouldBe true
    }

    @Test
    fun `a dry run is what happens where nobody says otherwise, and changes nothing`() {
        router.asked("shared dry")
        val told = router.call("$CACHE/invalidate", """{"filter": {"decision": "shared"}}""").json
        told.path("dry_run").asBoolean() shouldBe true
        told.path("line").isNull shouldBe true
        router.asked("shared dry").isHit() shouldBe true
        router
            .call("$CACHE/flush", """{"dry_run": true}""")
            .json
            .at("/entries/exact")
            .asInt() shouldBe 1
        router.asked("shared dry").isHit() shouldBe true
    }

    @Test
    fun `a flush takes all, and what was asked for before it is not kept after it`() {
        router.asked("shared flushed")
        router
            .call("$CACHE/flush", "{}")
            .json
            .path("dry_run")
            .asBoolean() shouldBe false
        router.asked("shared flushed").isHit() shouldBe false
        // Within the second by which clocks may differ nothing is kept either.
        router.heard
            .of<RouterEvent.AnswerKept>()
            .last()
            .outcome shouldBe "invalidated"
        entries().path("entries").size() shouldBe 0
    }

    @Test
    fun `the answers of a user or a team are meant by name, and no others`() {
        val ann = "x-authz-user-id" to "ann"
        val red = arrayOf("x-authz-tenant-id" to "acme", "x-authz-team-id" to "red")
        router.asked("own one", ann)
        router.asked("own one", "x-authz-user-id" to "bob")
        router.asked("team one", *red)
        invalidate("""{"scope": "user", "user": "ann"}""").at("/entries/exact").asInt() shouldBe 1
        router.asked("own one", ann).isHit() shouldBe false
        router.asked("own one", "x-authz-user-id" to "bob").isHit() shouldBe true
        router.asked("team one", *red).isHit() shouldBe true
        invalidate("""{"scope": "team", "tenant": "acme", "team": "red"}""").at("/entries/exact").asInt() shouldBe 1
        router.asked("team one", *red).isHit() shouldBe false
    }

    @Test
    fun `entries are told page by page, and their texts only where one asks for them, which is noted`() {
        val prompts = List(5) { "shared page $it" }
        prompts.forEach { router.asked(it) }
        clock.forward(Duration.ofMinutes(5))
        val pages = generateSequence(entries("?limit=2&decision=shared")) { page ->
            page.path("next").textValue()?.let { entries("?limit=2&decision=shared&after=$it") }
        }.toList()
        pages.map { it.path("entries").size() } shouldBe listOf(2, 2, 1)
        val all = pages.flatMap { it.path("entries") }
        all.map { it.path("id").textValue() }.distinct().size shouldBe 5
        all.map { it.path("age_seconds").asInt() }.distinct() shouldBe listOf(300)
        all.first().path("model").textValue() shouldBe "small"
        all.any { it.has("text") } shouldBe false
        val id = all.first().path("id").textValue()
        val shown = entries("?id=$id&text=true").path("entries").single()
        shown.at("/text/answer").textValue().isNullOrEmpty() shouldBe false
        audit().last().path("action").textValue() shouldBe "read"
        invalidate("""{"id": "$id"}""").at("/entries/exact").asInt() shouldBe 1
        entries("?decision=shared&limit=50").path("entries").size() shouldBe 4
        entries("?kept_before=2020-01-01T00:00:00Z").path("entries").size() shouldBe 0
    }

    private fun audit(): List<JsonNode> = router
        .admin("$CACHE/audit?limit=1000")
        .json
        .path("lines")
        .toList()

    @Test
    fun `everything that is done is a line of a chain without names or texts`() {
        invalidate("""{"scope": "user", "user": "anna-of-nowhere"}""")
        invalidate("""{"decision": "shared"}""", isDry = true)
        val answer = router.admin("$CACHE/audit?limit=1000")
        answer.body shouldNotContain "anna-of-nowhere"
        val lines = answer.json.path("lines").map { checkNotNull(AuditLine.of(it)) }
        AuditLine.firstBroken(lines, answer.json.path("cut").textValue()) shouldBe null
        lines
            .last()
            .filter.namespace
            .orEmpty() shouldContain "user-"
        lines.last().who shouldBe "127.0.0.1"
        val before = lines.last().number - 1
        router
            .admin("$CACHE/audit?after=$before")
            .json
            .path("lines")
            .single()
            .path("number")
            .asLong() shouldBe before + 1
    }

    @Test
    fun `stats tell what was given, what was not, and what it saved`() {
        router.asked("shared counted")
        clock.forward(Duration.ofSeconds(30))
        repeat(2) { router.asked("shared counted").isHit() shouldBe true }
        val stats = router.admin("$CACHE/stats").json
        val hits = stats.path("hits").first { it.path("decision").textValue() == "shared" }
        hits.path("kind").textValue() shouldBe "exact"
        (hits.path("count").asInt() >= 2) shouldBe true
        (hits.path("saved_cost").asDouble() > 0) shouldBe true
        (stats.at("/exact/bytes").asLong() > 0) shouldBe true
        stats.path("semantic").isNull shouldBe true
        (stats.path("invalidations").asInt() >= 1) shouldBe true
        stats.path("kept").any { it.path("outcome").textValue() == "kept" } shouldBe true
        val metrics = router.admin("/metrics").body
        metrics shouldContain "router_cache_hits_total{category=\"\",decision=\"shared\",kind=\"exact\"}"
        metrics shouldContain "router_cache_age_seconds_bucket{decision=\"shared\",le=\"60.0\"}"
        metrics shouldContain "router_cache_bytes "
    }

    @Test
    fun `what means nothing is refused and changes nothing`() {
        router.asked("shared refused")
        val bad = listOf(
            """{"filter": {"decison": "shared"}}""" to "unknown_field",
            """{"filter": {"decision": "shared"}, "dryrun": false}""" to "unknown_field",
            """{"filter": {"kept_before": "yesterday"}}""" to "invalid_value",
            """{"filter": {"decision": 1}}""" to "invalid_type",
        )
        for ((body, code) in bad) {
            val answer = router.call("$CACHE/invalidate", body)
            withClue("$body: ${answer.body}") { (answer.status to answer.code) shouldBe (400 to code) }
        }
        for (whose in listOf("", """"user": "ann"""", """"scope": "user"""", """"scope": "team", "tenant": "acme"""")) {
            withClue(whose) { router.call("$CACHE/invalidate", """{"filter": {$whose}}""").status shouldBe 422 }
        }
        router.call("$CACHE/invalidate", "{}", "content-type" to "text/plain").status shouldBe 415
        router.admin("$CACHE/invalidate").status shouldBe 405
        router.admin("$CACHE/entries?limit=0").code shouldBe "invalid_value"
        router.admin("$CACHE/entries?recipe=%C2%9B").code shouldBe "invalid_value"
        router.admin("$CACHE/entries?tier=none").code shouldBe "invalid_value"
        router.admin("$CACHE/entries?limit=1&limit=2").code shouldBe "repeated_parameter"
        router.admin("$CACHE/audit?limit=x").code shouldBe "invalid_type"
        router.asked("shared refused").isHit() shouldBe true
    }

    private companion object {
        const val CACHE = "/api/v1/cache"
    }
}
