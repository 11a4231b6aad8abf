package routercluster.policy.projections

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.config.PolicyOutcome
import routercluster.policy.config.provePolicy
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.decisionRecordOf
import routercluster.policy.record.render
import routercluster.policy.record.toJson
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.routing.Plan
import routercluster.policy.routing.plan
import routercluster.policy.routing.resolve
import routercluster.policy.signals.Reading
import java.time.Instant
import kotlin.math.exp
import kotlin.random.Random

/** `routing.projections` from the file to the decision, over signals that need no encoder. */
class ProjectionPolicyTest {
    @Test
    fun `scores add up, chain, and their bands decide`() =
        check(
            listOf("urgent" to "low", "urgent broken" to "high", "urgent broken secret" to "guarded", "hello" to "low"),
        )

    private fun check(rows: List<Pair<String, String>>) = rows.forEach { (text, decision) ->
        withClue(text) {
            decided(text) shouldBe
                decision
        }
    }

    @Test
    fun `a band has the confidence of its distance to the nearest edge`() {
        val plan = planned("urgent broken")
        plan.confidence shouldBe (1.0 / (1.0 + exp(-10.0 * (0.9 - 0.6))) plusOrMinus 1e-12)
    }

    @Test
    fun `the record shows inputs, contributions and outputs, and survives JSON`() {
        val record = DecisionRecord.of("r1", Instant.EPOCH, planned("urgent broken"))
        val pressure = record.projections.scores.first { it.name == "pressure" }
        pressure.value.shouldNotBeNull() shouldBe (0.9 plusOrMinus 1e-12)
        pressure.inputs.map { it.contribution } shouldBe listOf(0.4, 0.5)
        record.projections.outputs.map { it.name } shouldContainExactlyInAnyOrder listOf("pressure_high", "open", "any")
        val again = decisionRecordOf(record.toJson().toString())
        again.projections shouldBe record.projections
        again.render() shouldBe record.render()
    }

    @Test
    fun `reading stops where no other input can change the band`() {
        val lazy = proven(policy).let { it.plan(it.resolve("auto"), facts("hello"), Random(0)) }
        lazy.decision?.name shouldBe "low"
        lazy.readings.map { it.first.toString() } shouldBe listOf("keyword:urgent")
    }

    @Test
    fun `every signal is read where the policy or the model name asks for it`() {
        fun read(text: String, model: String) = proven(text).let { it.plan(it.resolve(model), facts("hello"), Random(0)) }.readings.size
        read(policy, "auto") shouldBe 1
        read(policy, "auto:all-signals") shouldBe 3
        read("$policy\ngateway: {evaluation: all}", "auto") shouldBe 3
        read("$policy\ngateway: {evaluation: lazy, confidence_semantics: seed}", "auto") shouldBe 1
    }

    @Test
    fun `what is wrong is reported with its place`() {
        val rows =
            mapOf(
                "name: urgent, weight: 0.4" to "name: urgnt, weight: 0.4" to "unknown signal of type keyword (found urgnt)",
                "source: pressure" to "source: presure" to "unknown score (found presure)",
                "name: pressure_high}" to "name: pressure_hgh}" to "unknown output of projections.mappings (found pressure_hgh)",
                "- {type: keyword, name: broken" to
                    "- {type: projection, name: total, weight: 1}\n          - {type: keyword, name: broken" to
                    "adds itself up (found total -> pressure -> total)",
                "method: multi_emit" to "method: top_k" to "unknown value (found top_k)",
                "value_source: score" to "value_source: confidence" to "a score has no confidence",
                "- {name: open, lt: 1.0}" to "- {name: pressure_high, lt: 1.0}" to "duplicate output of projections.mappings",
                "gte: 0.6" to "gte: 0.6, lt: 0.2" to "can never hold",
            )
        for ((change, problem) in rows) {
            val (old, new) = change
            withClue("$old -> $new") {
                policy.contains(old) shouldBe true
                val outcome = provePolicy(policy.replace(old, new), "p.yaml", { null })
                val problems = outcome.shouldBeInstanceOf<PolicyOutcome.Refused>().problems.map { it.toString() }
                withClue(problems) { problems.any { problem in it } shouldBe true }
            }
        }
    }

    @Test
    fun `a partition keeps its best member and falls back to its default`() {
        val partition = Partition("topics", listOf(0, 1, 2), listOf("a", "b", "c"), default = 2, temperature = 0.5)

        fun seen(confidence: Double) = Reading.Seen(confidence >= 0.5, confidence)
        val won = partition.settle(listOf(seen(0.6), seen(0.8), seen(0.1))).shouldBeInstanceOf<PartitionOutcome.Won>()
        won.winner shouldBe 1
        won.confidence shouldBe (1.0 / (1.0 + exp((0.6 - 0.8) / 0.5)) plusOrMinus 1e-12)
        val alone = partition.settle(listOf(seen(0.6), seen(0.1), seen(0.1))).shouldBeInstanceOf<PartitionOutcome.Won>()
        alone.confidence shouldBe 0.6
        val none = partition.settle(List(3) { seen(0.1) }).shouldBeInstanceOf<PartitionOutcome.Won>()
        none.winner shouldBe 2
        none.matched shouldBe emptyMap()
        partition.settle(List(3) { Reading.Failed("away") }).shouldBeInstanceOf<PartitionOutcome.Failed>()
    }

    private fun decided(text: String): String? = planned(text).decision?.name

    private fun planned(text: String): Plan = proven(policy).let { it.plan(it.resolve("auto"), facts(text), Random(0), everything = true) }

    private fun proven(text: String) = provePolicy(text, "p.yaml", { null }).shouldBeInstanceOf<PolicyOutcome.Proven>().policy

    private fun facts(text: String) = Facts(listOf(Message(Role.USER, text)))

    private val policy =
        """
        version: v0.3
        providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
        routing:
          signals:
            keywords:
              - {name: urgent, operator: OR, keywords: [urgent, now, asap, please]}
              - {name: broken, operator: OR, keywords: [broken]}
              - {name: secret, operator: OR, keywords: [secret]}
          projections:
            scores:
              - name: total
                method: weighted_sum
                inputs:
                  - {type: projection, name: pressure, weight: 1.0, value_source: score}
                  - {type: keyword, name: secret, weight: 1.0, value_source: binary, match: 1.0, miss: -0.5}
              - name: pressure
                inputs:
                  - {type: keyword, name: urgent, weight: 0.4, value_source: confidence}
                  - {type: keyword, name: broken, weight: 0.5}
            mappings:
              - name: pressure_band
                source: pressure
                method: threshold_bands
                calibration: {method: sigmoid_distance, slope: 10.0}
                outputs:
                  - {name: pressure_high, gte: 0.6}
                  - {name: pressure_low, lte: 0.6}
              - name: total_bands
                source: total
                method: multi_emit
                outputs:
                  - {name: guard, gt: 1.6}
                  - {name: open, lt: 1.0}
                  - {name: any}
          decisions:
            - {name: guarded, priority: 3, rules: {type: projection, name: guard}}
            - {name: high, priority: 2, rules: {type: projection, name: pressure_high}}
            - {name: low, priority: 1, rules: {type: projection, name: any}}
        """.trimIndent()
}
