package routercluster.gateway.admin

import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.ObjectNode
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.gateway.TestGateway
import routercluster.gateway.feedback.MemoryOutcomes
import routercluster.gateway.policyText
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.Verdict
import routercluster.policy.outcomes.VerdictSums

class LearningApiTest {
    private val mock = mockLlm(Script(tokens = 5))
    private val outcomes = MemoryOutcomes()
    private val router = TestGateway(policyText(mock.port, DECISIONS), outcomes = outcomes)

    @AfterEach
    fun close() {
        router.close()
        mock.close()
    }

    private fun learn(model: String, verdict: Verdict, count: Int) =
        repeat(count) { outcomes.hinted(KEY, model, VerdictSums.of(verdict), java.time.Instant.now()) }

    private fun verdicts(model: String): VerdictSums = outcomes.measured(KEY).statistics(model).verdicts

    @Test
    fun `what was learnt is exported, and brings back what it was`() {
        learn("large", Verdict.GOOD_FIT, 3)
        val file = router.admin("/learning").body
        learn("large", Verdict.FAILED, 2)
        learn("small", Verdict.FAILED, 1)
        val dry = router.call("/learning?mode=replace&dry_run=true", file).json
        dry["decisions"].single()["state"].textValue() shouldBe "would_change"
        dry["decisions"].single()["models"].map { it["model"].textValue() } shouldBe listOf("large", "small")
        verdicts("large") shouldBe VerdictSums(goodFit = 3_000, failed = 2_000)

        val told = router.call("/learning?mode=replace", file).json["decisions"].single()
        told["state"].textValue() shouldBe "changed"
        told["models"][0]["before"]["bad"].doubleValue() shouldBe 2.0
        told["models"][0]["after"]["bad"].doubleValue() shouldBe 0.0
        verdicts("large") shouldBe VerdictSums(goodFit = 3_000)
        verdicts("small") shouldBe VerdictSums.NONE
    }

    @Test
    fun `the same file is added once, and as known beforehand with a bounded weight`() {
        learn("large", Verdict.GOOD_FIT, 30)
        val file = router.admin("/learning?recipe=default&decision=code").body
        router.call("/learning?mode=merge", file).json["decisions"][0]["state"].textValue() shouldBe "changed"
        router.call("/learning?mode=merge", file).json["decisions"][0]["state"].textValue() shouldBe "repeated"
        verdicts("large") shouldBe VerdictSums(goodFit = 60_000)
        router.call("/learning?mode=prior&weight=5", file).status shouldBe 200
        verdicts("large") shouldBe VerdictSums(goodFit = 65_000)
    }

    @Test
    fun `decisions and models that the policy does not have are named and left out`() {
        learn("large", Verdict.GOOD_FIT, 1)
        val file = ObjectMapper().readTree(router.admin("/learning").body) as ObjectNode
        val known = file["decisions"][0] as ObjectNode
        file.withArray("/decisions").add(known.deepCopy().put("decision", "gone"))
        (known.withArray("/models").add(known["models"][0].deepCopy<ObjectNode>()).last() as ObjectNode).put("model", "former")
        val told = router.call("/learning?mode=merge", "$file").json["decisions"]
        told[0]["unknown_models"].map { it.textValue() } shouldBe listOf("former")
        told[1]["state"].textValue() shouldBe "unknown_decision"
        verdicts("large") shouldBe VerdictSums(goodFit = 2_000)
        verdicts("former") shouldBe VerdictSums.NONE
        router.admin("/learning?decision=gone").status shouldBe 404
    }

    @Test
    fun `what cannot be used changes nothing and says why`() {
        learn("large", Verdict.GOOD_FIT, 1)
        val file = router.admin("/learning").body
        val rows = listOf(
            Triple("/learning?mode=merge", "{}", "its format is not router-learnt-state"),
            Triple("/learning?mode=merge", file.replace("\"version\" : 1", "\"version\" : 9"), "this router reads version 1"),
            Triple("/learning?mode=merge", file.dropLast(9), "it is not JSON"),
            Triple("/learning?mode=add", file, "mode must be one of replace, merge, prior"),
            Triple("/learning?mode=merge&weight=3", file, "weight is for mode=prior alone"),
            Triple("/learning?mode=prior&weight=0", file, "weight must be a number above 0"),
            Triple("/learning?mode=merge&dry=1", file, "dry is unknown here"),
        )
        for ((path, body, message) in rows) {
            val answer = router.call(path, body)
            withClue(message) {
                answer.status shouldBe 400
                answer.body shouldContain message
            }
        }
        router.call("/learning?mode=merge", file, "content-type" to "text/plain").status shouldBe 415
        verdicts("large") shouldBe VerdictSums(goodFit = 1_000)
    }

    @Test
    fun `where statistics are away nothing is claimed to be kept`() {
        learn("large", Verdict.GOOD_FIT, 1)
        learn("small", Verdict.GOOD_FIT, 1)
        val file = router.admin("/learning").body
        outcomes.fullAfter = 1
        val half = router.call("/learning?mode=merge", file)
        half.status shouldBe 503
        half.json["decisions"][0]["state"].textValue() shouldBe "not_kept"
        half.body shouldContain "not all was kept, send the file again: the store is away"
        outcomes.fullAfter = -1
        router.call("/learning?mode=merge", file).status shouldBe 200
        verdicts("large") shouldBe VerdictSums(goodFit = 2_000)
        verdicts("small") shouldBe VerdictSums(goodFit = 2_000)
        outcomes.away = true
        router.admin("/learning").status shouldBe 503
        router.call("/learning?mode=merge", file).body shouldContain "nothing was changed"
    }

    private companion object {
        val KEY = SelectionKey("default", "code")
        val DECISIONS = mapOf("code" to "modelRefs: [{model: large}, {model: small}], algorithm: {type: thompson}")
    }
}
