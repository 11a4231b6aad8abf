package routercluster.policy.record

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.Policy
import routercluster.policy.decisions.Predicate
import routercluster.policy.decisions.ScriptedSignal
import routercluster.policy.decisions.and
import routercluster.policy.decisions.decision
import routercluster.policy.decisions.leaf
import routercluster.policy.decisions.matched
import routercluster.policy.decisions.missed
import routercluster.policy.decisions.model
import routercluster.policy.decisions.policy
import routercluster.policy.decisions.recipe
import routercluster.policy.decisions.someFacts
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.plugins.Plugin
import routercluster.policy.routing.plan
import routercluster.policy.routing.resolve
import routercluster.policy.selectors.Ranked
import routercluster.policy.selectors.Selector
import routercluster.policy.signals.Reading
import java.time.Duration
import java.time.Instant
import kotlin.random.Random

class DecisionRecordTest {
    private val urgent = ScriptedSignal("urgent", Reading.Seen(true, 0.92, found = listOf("asap")))
    private val long = ScriptedSignal("long", Reading.Seen(false, value = 12.0), type = "context")
    private val hard =
        ScriptedSignal("task", Reading.Seen(true, 0.7, 0.25, labels = mapOf("hard" to matched, "margin" to matched(0.7, 0.25))), type = "x")
    private val broken = ScriptedSignal("topic", Reading.Failed("no encoder"), type = "domain")
    private val both = listOf(Candidate(model("large"), lora = "law"), Candidate(model("small")))
    private val policy =
        policy(
            recipe(
                listOf(urgent, long, broken),
                decision("book", and(leaf(0), leaf(1, predicate = Predicate(gte = 32_000.0))), priority = 9),
                decision("topical", leaf(2), priority = 8),
                decision("urgent", leaf(0), priority = 5, candidates = both),
                decision("rest", and()),
            ),
        )

    private fun record(policy: Policy = this.policy, asked: String = "auto", everything: Boolean = true) =
        DecisionRecord.of("r-1", Instant.EPOCH, policy.plan(policy.resolve(asked), someFacts, Random(7), everything))

    @Test
    fun `renders what was asked, read, decided and picked`() {
        record().render() shouldBe
            """
            record    r-1
            time      1970-01-01T00:00:00Z
            policy    r1
            asked     auto
            recipe    default
            decision  urgent (confidence 0.92)
            action    forward to large
            request   2 messages, 0 images, 0 tools, 0 metadata entries, 22 characters (15 in the last user message), caller not named

            SIGNALS
              keyword:urgent  matched      0.92  asap
              context:long    not matched  1     value 12
              domain:topic    failed             no encoder

            DECISIONS
                book     false  0     needs context:long (value 12 not gte 32000)
                topical  false  0     domain:topic could not be read (no encoder), which counts as not matched
              * urgent   true   0.92  keyword:urgent matched (confidence 0.92)
                rest     true   0     has no conditions, so it always matches; outranked by urgent: priority 0 against 5

            CANDIDATES
              1. large (lora law)  0   place 1 in the file
              2. small             -1  place 2 in the file; ranked behind large: fall-back 1

            """.trimIndent()
    }

    @Test
    fun `comes back from JSON as it went in`() {
        val labelled = policy(recipe(listOf(hard), decision("hard", leaf(0, label = "hard"))))
        val rows = listOf("auto", "small", "nobody").map { record(asked = it) } + record(everything = false) + record(labelled)
        for (record in rows) {
            val json = record.toJson().toString()
            withClue(json) {
                val back = decisionRecordOf(json)
                back.toJson() shouldBe record.toJson()
                back.render() shouldBe record.render()
            }
        }
    }

    @Test
    fun `field names and the shape of the JSON stay`() {
        record(asked = "auto", everything = false).toJson().toString() shouldBe
            """{"id":"r-1","time":"1970-01-01T00:00:00Z","policy_revision":"r1","asked_model":"auto","recipe":"default",""" +
            """"decision":"urgent","confidence":0.92,"seed":${Random(7).nextInt()},""" +
            """"action":{"kind":"forward","model":"large","status":null,"code":null,"message":null},""" +
            """"request":{"messages":2,"images":0,"tools":0,"metadata_entries":0,""" +
            """"text_length":22,"user_text_length":15,"identified":false},""" +
            """"signals":[{"type":"keyword","name":"urgent","state":"matched","confidence":0.92,"value":null,"found":["asap"]},""" +
            """{"type":"context","name":"long","state":"not_matched","confidence":1.0,"value":12.0,"found":[]},""" +
            """{"type":"domain","name":"topic","state":"failed","reason":"no encoder"}],""" +
            """"encoder_calls":[],""" +
            """"decisions":[{"name":"book","truth":"false","confidence":0.0,"picked":false,""" +
            """"reason":"needs context:long (value 12 not gte 32000)"},""" +
            """{"name":"topical","truth":"false","confidence":0.0,"picked":false,""" +
            """"reason":"domain:topic could not be read (no encoder), which counts as not matched"},""" +
            """{"name":"urgent","truth":"true","confidence":0.92,"picked":true,"reason":"keyword:urgent matched (confidence 0.92)"},""" +
            """{"name":"rest","truth":"true","confidence":0.0,"picked":false,""" +
            """"reason":"has no conditions, so it always matches; outranked by urgent: priority 0 against 5"}],""" +
            """"candidates":[{"model":"large","lora":"law","score":0.0,"reason":"place 1 in the file","not_taken":null},""" +
            """{"model":"small","lora":null,"score":-1.0,"reason":"place 2 in the file",""" +
            """"not_taken":"ranked behind large: fall-back 1"}],"usage":null}"""
    }

    @Test
    fun `says what the answer was billed once it has ended`() {
        val rows =
            listOf(
                Triple(
                    UsageNote(12, 5, 3, estimated = false, cost = 0.0004, costEstimated = 0.0, currency = "EUR"),
                    """{"prompt_tokens":12,"completion_tokens":5,"cached_tokens":3,"estimated":false,"cost":4.0E-4,"cost_estimated":0.0,"currency":"EUR"}""",
                    "12 prompt and 5 completion tokens; 0.0004 EUR",
                ),
                Triple(
                    UsageNote(12, 5, null, estimated = true, cost = 1.0 / 3, costEstimated = 0.25, currency = "EUR"),
                    """{"prompt_tokens":12,"completion_tokens":5,"cached_tokens":null,"estimated":true,"cost":0.3333333333333333,""" +
                        """"cost_estimated":0.25,"currency":"EUR"}""",
                    "12 prompt and 5 completion tokens, estimated; 0.3333 EUR, of which 0.25 estimated",
                ),
                Triple(
                    UsageNote(null, null, null, estimated = false, cost = null, costEstimated = 0.0, currency = null),
                    """{"prompt_tokens":null,"completion_tokens":null,"cached_tokens":null,"estimated":false,"cost":null,""" +
                        """"cost_estimated":0.0,"currency":null}""",
                    "",
                ),
            )
        for ((usage, json, text) in rows) {
            val record = record().apply { ended(usage, "small", EndNote(200, null, null, Duration.ZERO)) }
            record.toJson()["usage"].toString() shouldBe json
            decisionRecordOf(record.toJson().toString()).usage shouldBe usage
            record.render().lines().single { it.startsWith("usage") } shouldBe "usage     $text".trimEnd()
        }
    }

    @Test
    fun `says how the answer ended and what was said of it`() {
        val record = record().apply {
            ended(null, "large", EndNote(502, "upstream_error", Duration.ofMillis(80), Duration.ofMillis(900)))
            judged(VerdictSums.ofScore(0.25))
            judged(VerdictSums(failed = 1_000))
        }
        val json = record.toJson()
        json["end"].toString() shouldBe """{"status":502,"error":"upstream_error","first_byte_ms":80.0,"total_ms":900.0}"""
        json["verdicts"].toString() shouldBe """{"good_fit":250,"underpowered":750,"overprovisioned":0,"failed":1000}"""
        val back = decisionRecordOf(json.toString())
        back.end shouldBe record.end
        back.verdicts shouldBe record.verdicts
        record.render() shouldContain "end       502 upstream_error, first byte after 80 ms, ended after 900 ms"
        record.render() shouldContain "verdicts  good fit 0.25, underpowered 0.75, failed 1"
    }

    @Test
    fun `an exported row is the record with numbers and chances, on one line`() {
        val row = record().exportRow()
        row shouldNotContain "\n"
        row shouldNotContain "secret"
        val json = ObjectMapper().readTree(row)
        json["context"]["signal.keyword.urgent.confidence"].doubleValue() shouldBe 0.92
        json["context"]["signal.context.long.value"].doubleValue() shouldBe 12.0
        json["context"].has("signal.domain.topic") shouldBe false
        json["context"]["request.text_length"].doubleValue() shouldBe 22.0
        // A selector that says nothing of its chances is asked again with other seeds.
        json["propensities"].toString() shouldBe """{"large:law":1.0,"small":0.0}"""
        val back = decisionRecordOf(row)
        back.toJson() shouldBe record().toJson()
        back.propensities shouldBe mapOf("large:law" to 1.0, "small" to 0.0)
        record(asked = "nobody").exportRow() shouldNotContain "propensities"
    }

    @Test
    fun `shows the labels of a reading and replays them`() {
        val labelled = policy(recipe(listOf(hard), decision("hard", leaf(0, label = "hard"))))
        val record = decisionRecordOf(record(labelled).toJson().toString())
        record.signals.single().reading shouldBe hard.reading
        record.render() shouldContain "x:task  matched  0.7  value 0.25; hard yes, margin 0.25"
        replay(record, labelled).isSame shouldBe true
    }

    @Test
    fun `never holds the prompt`() {
        record().let { it.toJson().toString() + it.render() } shouldNotContain "secret"
    }

    @Test
    fun `rejects what is no record`() {
        val good = record().toJson()
        val rows =
            listOf(
                "{" to "a decision record is not JSON: ",
                "[]" to "a decision record must be a JSON object",
                good.deepCopy().put("time", "noon").toString() to "a decision record's time must be a time such as 2026-01-31T12:00:00Z",
                good.deepCopy().put("seed", 1.5).toString() to "a decision record's seed must be a whole number",
                good.deepCopy().apply { remove("action") }.toString() to "a decision record's action must be an object",
                good.deepCopy().apply { withObject("/action").put("kind", "sing") }.toString() to
                    "a decision record's action.kind must be forward, answer, refuse",
                good.deepCopy().apply { withArrayProperty("signals").add("x") }.toString() to
                    "a decision record's signals must be a list of objects",
            )
        for ((text, message) in rows) {
            withClue(text) {
                shouldThrow<BadRecord> { decisionRecordOf(text) }.message.take(message.length) shouldBe
                    message
            }
        }
    }

    @Test
    fun `replays to the same under the same policy, by chance as well`() {
        val shuffling = Selector { candidates, context -> candidates.shuffled(context.random).map { Ranked(it, 0.0, "by chance") } }
        val policy = policy(recipe(listOf(urgent), decision("any", leaf(0), candidates = both, selector = shuffling)))
        repeat(20) { seed ->
            val record = DecisionRecord.of("$seed", Instant.EPOCH, policy.plan(policy.resolve("auto"), someFacts, Random(seed)))
            val comparison = replay(decisionRecordOf(record.toJson().toString()), policy)
            comparison.isSame shouldBe true
            comparison.isSamePolicy shouldBe true
        }
    }

    @Test
    fun `replays under another policy and shows the difference`() {
        val other = policy(recipe(listOf(urgent), decision("hello", leaf(0), plugins = listOf(Plugin.FastResponse("hi")))), revision = "r2")
        val comparison = replay(record(), other)
        comparison.isSame shouldBe false
        comparison.render() shouldBe
            """
                      recorded          replayed
            policy    r1                r2
            recipe    default           default
            decision  urgent            hello
            action    forward to large  answer: hi

            The outcome differs.
            Readings are the recorded ones: a signal whose rule changed under the same name was not read again.

            """.trimIndent()
    }

    @Test
    fun `does not claim to know what the record does not hold`() {
        val unknown = ScriptedSignal("new", matched)
        val cheap = ScriptedSignal("free", missed)
        val policyWith = { priority: Int ->
            policy(
                recipe(listOf(urgent, unknown, cheap), decision("known", leaf(0), 5), decision("fresh", leaf(1), priority)),
                revision = "r2",
            )
        }
        val comparison = replay(record(), policyWith(9))
        comparison.after shouldBe null
        comparison.isSame shouldBe null
        comparison.missing.map { "$it" } shouldBe listOf("keyword:new")
        comparison.render().lines()[6] shouldBe "The outcome cannot be known: the record holds no reading of keyword:new."
        replay(record(), policyWith(1)).after?.decision shouldBe "known"
    }

    @Test
    fun `replays a name that the other policy refuses or forwards at once`() {
        replay(record(asked = "small"), policy).isSame shouldBe true
        replay(record(asked = "auto:recipe=gone"), policy).after?.action?.code shouldBe "recipe_not_found"
    }
}
