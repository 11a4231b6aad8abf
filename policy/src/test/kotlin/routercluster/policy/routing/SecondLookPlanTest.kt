package routercluster.policy.routing

import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.Policy
import routercluster.policy.Recipe
import routercluster.policy.Strategy
import routercluster.policy.decisions.ScriptedSignal
import routercluster.policy.decisions.decision
import routercluster.policy.decisions.leaf
import routercluster.policy.decisions.matched
import routercluster.policy.decisions.policy
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.PassageResult
import routercluster.policy.models.Model
import routercluster.policy.models.Pricing
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.decisionRecordOf
import routercluster.policy.record.replay
import routercluster.policy.record.toJson
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.selectors.Need
import routercluster.policy.selectors.Ranked
import routercluster.policy.selectors.SecondLookSelector
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.selectors.Selector
import routercluster.policy.selectors.certain
import routercluster.policy.signals.ToyEncoder
import routercluster.policy.signals.whole
import java.time.Duration
import java.time.Instant
import kotlin.random.Random

/** An encoder for which a text is about proofs as far as it is about lemmas, and a selector that sends what is about proofs to the dear model. */
class SecondLookPlanTest {
    private val small = Candidate(Model("small", emptyList(), pricing = Pricing("USD", 1.0, 1.0)))
    private val large = Candidate(Model("large", emptyList(), pricing = Pricing("USD", 9.0, 9.0)))

    private val byProofs = object : Selector {
        override val needs = setOf(Need.EMBEDDING)

        override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
            val pull = context.traits.derived("pull") { mapOf("pull" to it[0].toDouble()) }?.getValue("pull") ?: 1.0
            val order = if (pull > 0.5) listOf(large, small) else listOf(small, large)
            return order.map { Ranked(it, 0.0, "pull $pull") }.certain()
        }
    }

    private val policy: Policy = policy(
        Recipe(
            Policy.DEFAULT_RECIPE,
            Strategy.PRIORITY,
            listOf(ScriptedSignal("k", matched)),
            listOf(decision("d", leaf(0), candidates = listOf(small, large), selector = SecondLookSelector(byProofs, 0.21))),
            ToyEncoder.catalog,
        ),
    )

    private fun begin(text: String) = policy.begin(policy.resolve("auto"), Facts(listOf(Message(Role.USER, text))), Random(7))

    private fun reply(request: EncodeRequest): EncodeReply {
        val results = request.passages.map { passage ->
            val share = Regex("lemma").findAll(passage.text).count() / passage.text
                .split(' ')
                .filter(String::isNotBlank)
                .size
                .toDouble()
            val about = floatArrayOf(if (share > 0.4) 1f else 0f, if (share > 0.4) 0f else 1f)
            PassageResult(passage.heads.associateWith { HeadResult.Vector(about) }, whole(passage.text))
        }
        return EncodeReply(results, results.size, Duration.ZERO, Duration.ZERO)
    }

    private fun Planning.answered(): Planning = shouldBeInstanceOf<OpenPlan>().run { answered(reply(request), Duration.ofMillis(3)) }

    private fun Planning.first(): Ranked =
        shouldBeInstanceOf<Plan>()
            .action
            .shouldBeInstanceOf<Action.Forward>()
            .ranked
            .first()

    private val crafted = "lemma ".repeat(11) + "what is two and two and how many is that"

    @Test
    fun `before the dearer model is asked the halves are read, and a crafted text before a question does not pull it there`() {
        val second = begin(crafted).answered().shouldBeInstanceOf<OpenPlan>()
        second.request.passages
            .joinToString("") { it.text } shouldBe crafted
        val plan = second.answered().shouldBeInstanceOf<Plan>()
        plan.first().candidate shouldBe small
        plan.first().reason shouldContain "alike by 0.0 only"
        plan.calls.map { it.passages.size } shouldContainExactly listOf(1, 2)
        plan.traits.lacks.size shouldBe 0
    }

    @Test
    fun `a text that goes to the cheap model is read once, and so is a short one`() {
        begin("what is two and two and how many is that if you please, my dear friend?").answered().first().candidate shouldBe small
        begin("lemma lemma lemma").answered().first().candidate shouldBe large
    }

    @Test
    fun `a text that has one half is not looked at again, and the record says why`() {
        val plan = begin(" ".repeat(60) + "lemma ".repeat(7)).answered().shouldBeInstanceOf<Plan>()
        plan.first().candidate shouldBe large
        plan.traits.lacks.keys shouldContainExactly setOf(Need.HALVES)
    }

    @Test
    fun `a text that is of one piece goes where the whole goes`() {
        begin("lemma ".repeat(20))
            .answered()
            .answered()
            .first()
            .candidate shouldBe large
    }

    @Test
    fun `where nobody reads the halves in time the whole stands, and the record says why`() {
        val second = begin(crafted).answered().shouldBeInstanceOf<OpenPlan>()
        second.expired(Duration.ofMillis(1)) shouldBe second
        for (plan in listOf(second.failed("the queue is full", Duration.ofMillis(2)), second.expired(second.patience))) {
            plan.first().candidate shouldBe large
            plan
                .shouldBeInstanceOf<Plan>()
                .traits.lacks
                .getValue(Need.HALVES)
                .isNotBlank() shouldBe true
        }
        val short = second.answered(EncodeReply(emptyList(), 0, Duration.ZERO, Duration.ZERO), Duration.ofMillis(2))
        short.first().candidate shouldBe large
    }

    @Test
    fun `a record holds what the halves came to and no text, and its replay picks the same`() {
        val plan = begin(crafted).answered().answered().shouldBeInstanceOf<Plan>()
        val json = DecisionRecord.of("r-1", Instant.EPOCH, plan).toJson().toString()
        json shouldNotContain "lemma"
        val back = decisionRecordOf(json)
        back.traits.halves
            .shouldNotBeNull()
            .size shouldBe 2
        val again = replay(back, policy)
        again.isSame shouldBe true
        again.after
            .shouldNotBeNull()
            .action.model shouldBe "small"
    }

    @Test
    fun `the longest wait counts the second look`() {
        val once = Recipe(
            Policy.DEFAULT_RECIPE,
            Strategy.PRIORITY,
            listOf(ScriptedSignal("k", matched)),
            listOf(decision("d", leaf(0), candidates = listOf(small, large), selector = byProofs)),
            ToyEncoder.catalog,
        )
        policy.patience shouldBe policy(once).patience.multipliedBy(2)
    }
}
