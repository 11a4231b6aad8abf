package routercluster.gateway.cache

import io.kotest.assertions.withClue
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.contracts.SetClock
import routercluster.gateway.Answer
import routercluster.gateway.TestGateway
import routercluster.gateway.feedback.MemoryOutcomes
import routercluster.gateway.policyText
import routercluster.mock.mockLlm
import routercluster.telemetry.RouterEvent
import java.time.Duration
import kotlin.io.path.createTempFile
import kotlin.io.path.deleteExisting
import kotlin.io.path.writeText

/** Kept answers that somebody finds bad, and those of decisions whose guards are others now. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FlaggedAnswersTest {
    private val clock = SetClock()
    private val mock = mockLlm()
    private val outcomes = MemoryOutcomes()
    private val router = TestGateway(policy(""), clock = clock, outcomes = outcomes, replaySecret = ByteArray(32) { 7 })

    private fun policy(guard: String) = policyText(
        mock.port,
        mapOf("faq" to "plugins: [{type: response_cache, configuration: {mode: exact, scope: global}}$guard]"),
        gateway = "{trusted_peers: [127.0.0.1], feedback_per_identity_max: 3}",
    )

    @AfterAll
    fun close() {
        router.close()
        mock.close()
    }

    private fun Answer.isHit() = header("x-vsr-cache-hit") == "true"

    private fun say(thumb: String, of: Answer, user: String): Answer {
        val id = of.header("x-vsr-replay-id").shouldNotBeNull()
        return router.post("/v1/feedback", """{"replay_id": "$id", "thumb": "$thumb"}""", "x-authz-user-id" to user)
    }

    @Test
    fun `an answer that one of its readers finds bad is not given again, whether a model or the cache gave it to them`() {
        val fresh = router.asked("faq one")
        router.asked("faq one").isHit() shouldBe true
        say("down", fresh, "ann").status shouldBe 202
        router.asked("faq one").isHit() shouldBe false

        val hit = router.asked("faq one")
        hit.isHit() shouldBe true
        say("down", hit, "bob").status shouldBe 202
        router.asked("faq one").isHit() shouldBe false
        router.heard
            .of<RouterEvent.AnswerJudged>()
            .map { it.decision to it.outcome }
            .distinct() shouldBe listOf("faq" to "taken_back")
    }

    @Test
    fun `praise changes nothing`() {
        val fresh = router.asked("faq two")
        say("up", fresh, "ann").status shouldBe 202
        router.asked("faq two").isHit() shouldBe true
    }

    @Test
    fun `what is said late of a former answer leaves the one that took its place`() {
        val first = router.asked("faq three")
        val other = router.asked("faq three")
        say("down", first, "cleo")
        clock.forward(Duration.ofSeconds(1))
        router.asked("faq three").isHit() shouldBe false
        say("down", other, "dan").status shouldBe 202
        router.asked("faq three").isHit() shouldBe true
    }

    @Test
    fun `one identity takes back no more than it may say of a model`() {
        val answers = List(4) { router.asked("faq many $it") }
        val said = answers.map { say("down", it, "eve").status }
        said shouldBe listOf(202, 202, 202, 429)
        withClue(said) { List(4) { router.asked("faq many $it").isHit() } shouldBe listOf(false, false, false, true) }
    }

    @Test
    fun `the same word said again takes back nothing more`() {
        val first = router.asked("faq again")
        say("down", first, "fay")
        router.asked("faq again").isHit() shouldBe false
        say("down", first, "fay").json["repeated"].booleanValue() shouldBe true
        router.asked("faq again").isHit() shouldBe true
    }

    @Test
    fun `a policy with another guard gives no answer that was kept without it`() {
        val file = createTempFile("policy", ".yaml")
        file.writeText(policy(""))
        TestGateway(policy(""), file = file).use { other ->
            other.asked("faq guarded")
            other.asked("faq guarded").isHit() shouldBe true
            file.writeText(policy(GUARD))
            other.running.keeper.reload() shouldBe true
            other.asked("faq guarded").isHit() shouldBe false
            // The guard is not built: whoever serves such a policy all the same has no answer checked, kept or fresh.
            other.asked("faq guarded").isHit() shouldBe true
        }
        file.deleteExisting()
    }

    private companion object {
        const val GUARD = ", {type: response_jailbreak, configuration: {action: block}}"
    }
}
