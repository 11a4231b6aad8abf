package routercluster.policy.language

import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import routercluster.policy.config.loadPolicy
import routercluster.policy.dsl.check
import routercluster.policy.dsl.parseProgram
import routercluster.policy.dsl.writeProgram

/** The conversation with a model, whose answers are written out here. */
class DraftingTest {
    private val policy =
        loadPolicy(
            """
            version: v0.3
            providers:
              models: [{name: small, backend_refs: [{base_url: "https://api.example.com/v1", api_key: sk-secret}]}]
            routing:
              modelCards: [{name: small, tags: [premium], param_size: 8B}]
            """.trimIndent(),
            "policy.yaml",
            { null },
        )
    private val base = parseProgram("ROUTE rest { MODEL small }\n", "base.dsl")
    private val good = "SIGNAL language de {}\nROUTE german { WHEN language(\"de\") MODEL small }"
    private val content = Judgement(emptyList(), emptyList())

    private fun begun() = beginDrafting("German to small", base, policy)

    private fun Drafting.then(answer: String, judgement: Judgement = content): Drafting =
        shouldBeInstanceOf<Drafting.Asking>().answered(ModelAnswer(answer)) { judgement }

    @TestFactory
    fun `a program is found in what a model says`(): List<DynamicTest> =
        listOf(
            "bare" to good,
            "fenced" to "Sure, here you go:\n\n```dsl\n$good\n```\n\nThis sends German {questions} to small.",
            "fenced, not closed" to "```\n$good",
            "prose around" to "Sure.\n$good\n\nThis sends German questions to {small}, I hope.",
            "thoughts" to "<think>ROUTE x { MODEL y }</think>\n$good",
            "two blocks" to "```\nSIGNAL language de {}\n```\nand\n```\nROUTE german { WHEN language(\"de\") MODEL small }\n```",
            "another block first" to "Run `this`:\n```sh\nrouter serve\n```\n~~~\n$good\n~~~",
            "line ends of Windows" to "```\r\n${good.replace("\n", "\r\n")}\r\n```",
        ).map { (name, answer) -> dynamicTest(name) { programIn(answer).replace("\n\n", "\n") shouldBe good } }

    @Test
    fun `a good answer is the base with the change`() {
        val drafted = begun().then("```\n$good\n```").shouldBeInstanceOf<Drafting.Drafted>()
        drafted.repairs shouldBe 0
        drafted.text shouldBe
            "SIGNAL language de {}\n\nROUTE rest { MODEL small }\n\nROUTE german {\n  WHEN language(\"de\")\n  MODEL small\n}\n"
    }

    @TestFactory
    fun `a bad answer is sent back with what is wrong`(): List<DynamicTest> =
        listOf(
            "prose" to "I cannot do that." to "has no statement of the policy language",
            "open" to "ROUTE a { WHEN }" to "answer:1:16: error: expected a condition",
            "twice" to "ROUTE a { }\nROUTE a { }" to "the route a stands twice",
        ).map { (answer, complaint) ->
            dynamicTest(answer.first) {
                val asking = begun().then(answer.second).shouldBeInstanceOf<Drafting.Asking>()
                asking.turns.takeLast(2).map { it.role } shouldBe listOf(Turn.Role.ASSISTANT, Turn.Role.USER)
                asking.turns.last().text shouldContain complaint
                asking.then(good).shouldBeInstanceOf<Drafting.Drafted>().repairs shouldBe 1
            }
        }

    @Test
    fun `an answer that is cut off is sent back, whatever it holds`() {
        val asking = begun().answered(ModelAnswer(good, isCut = true)) { content }.shouldBeInstanceOf<Drafting.Asking>()
        asking.turns.last().text shouldContain "is cut off"
    }

    @Test
    fun `what the router says goes back, three times at most`() {
        val refused = Judgement(listOf("unknown model smll"), emptyList())
        var state: Drafting = begun()
        repeat(REPAIRS_MAX) {
            state = state.then(good, refused)
            state
                .shouldBeInstanceOf<Drafting.Asking>()
                .turns
                .last()
                .text shouldContain "unknown model smll"
        }
        state.then(good, refused).shouldBeInstanceOf<Drafting.GivenUp>().problems shouldBe listOf("unknown model smll")
    }

    @Test
    fun `remarks are mended where that can be done, and no repair makes it worse`() {
        val remarked = Judgement(emptyList(), listOf("nothing reads it (unused-signal)"))
        var state = begun().then(good, remarked)
        state
            .shouldBeInstanceOf<Drafting.Asking>()
            .turns
            .last()
            .text shouldContain "nothing reads it"
        state
            .then(good)
            .shouldBeInstanceOf<Drafting.Drafted>()
            .remarks
            .shouldBeEmpty()
        repeat(REPAIRS_MAX) { state = state.then("Sorry.") }
        val kept = state.shouldBeInstanceOf<Drafting.Drafted>()
        kept.remarks shouldHaveSize 1
        kept.text shouldContain "ROUTE german"
    }

    @Test
    fun `a new route that passes a protecting one is sent back`() {
        val guarded = parseProgram("SIGNAL pii p {}\nROUTE inside { PRIORITY 50 WHEN pii(\"p\") MODEL small }\n", "base.dsl")
        val asking = beginDrafting("German to small", guarded, policy).then(good.replace("WHEN", "PRIORITY 50 WHEN"))
        asking
            .shouldBeInstanceOf<Drafting.Asking>()
            .turns
            .last()
            .text shouldContain
            "ROUTE german wins against inside, which refuses or protects requests; put it below"
        asking.then(good).shouldBeInstanceOf<Drafting.Drafted>().repairs shouldBe 1
    }

    @Test
    fun `the prompt has the language, the models and the base, and no address or key`() {
        val prompt = begun().turns
        prompt.first().role shouldBe Turn.Role.SYSTEM
        val system = prompt.first().text
        listOf(
            "SIGNAL pii name {",
            "SIGNAL keyword name { operator: \"OR\"|\"AND\"|\"NOR\" (required)",
            "PLUGIN fast_response { ",
            "ALGORITHM static",
        ).forEach { system shouldContain it }
        system shouldNotContain "PLUGIN rag"
        val question = prompt.last().text
        listOf("small: premium; 8B parameters", "ROUTE rest { MODEL small }", "German to small").forEach { question shouldContain it }
        prompt.forEach {
            it.text shouldNotContain "sk-secret"
            it.text shouldNotContain "example.com"
        }
    }

    @Test
    fun `values of headers and secrets are masked, and a draft must leave them alone`() {
        val secret =
            parseProgram(
                "PLUGIN key header_mutation { add: [{ name: \"x-key\", value: \"sk-1\" }] }\n" +
                    "ROUTE rest { MODEL small PLUGIN header_mutation { update: [{ name: \"x-other\", value: \"sk-2\" }] } }",
                "base.dsl",
            )
        val asking = beginDrafting("German to small", secret, policy)
        asking.turns.forEach { it.text shouldNotContain "sk-" }
        asking.turns.last().text shouldContain "add: [{ name: \"x-key\", value: \"***\" }]"
        asking
            .then("ROUTE rest { PLUGIN header_mutation { add: [{ name: \"x\", value: \"***\" }] } }")
            .shouldBeInstanceOf<Drafting.Asking>()
            .turns
            .last()
            .text shouldContain "that you are not shown"
        asking.then(good).shouldBeInstanceOf<Drafting.Drafted>().text shouldContain "sk-2"
    }

    @Test
    fun `examples can be read, name only their models, and are laid out as fmt does it`() {
        examples.forEach { example ->
            val parsed = parseProgram(example.program, "example")
            check(parsed).map { it.render(parsed.source) }.shouldBeEmpty()
            writeProgram(parsed.program, parsed.source).trimEnd() shouldBe example.program
        }
    }
}
