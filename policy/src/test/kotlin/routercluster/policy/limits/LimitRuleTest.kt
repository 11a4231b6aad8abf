package routercluster.policy.limits

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import java.net.InetAddress

class LimitRuleTest {
    private val pace = Pace(LimitAlgorithm.SLIDING_WINDOW, 1, 1_000)

    private fun caller(user: String? = null, team: String? = null, key: String? = null, peer: String? = null) =
        LimitCaller(user, listOf("ops"), team, key, peer?.let { InetAddress.getByName(it).address })

    private fun subject(per: Set<Dimension>, caller: LimitCaller, model: String? = null, decision: String? = null) =
        LimitRule("r", LimitKind.REQUESTS, pace, per).counterOf(LimitFacts(caller, model, decision))?.subject

    @Test
    fun `counts are told apart by what the rule names, and by nothing else`() {
        val user = setOf(Dimension.USER)
        subject(user, caller("ann")) shouldBe subject(user, caller("ann", team = "x", key = "k"))
        subject(user, caller("ann")) shouldNotBe subject(user, caller("bob"))
        subject(emptySet(), caller("ann")) shouldBe subject(emptySet(), caller("bob"))
        val both = setOf(Dimension.USER, Dimension.MODEL)
        subject(both, caller("ann"), "small") shouldNotBe subject(both, caller("ann"), "large")
        // Names that together read the same.
        subject(both, caller("a"), "bc") shouldNotBe subject(both, caller("ab"), "c")
        subject(user, caller("ann")).orEmpty() shouldNotContain "ann"
    }

    @Test
    fun `whoever has no name is counted by where the request came from`() {
        val rows =
            listOf(
                Triple("203.0.113.1", "203.0.113.1", true),
                Triple("203.0.113.1", "203.0.113.2", false),
                Triple("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
                Triple("2001:db8:1:2::1", "2001:db8:1:3::1", false),
                Triple(null, null, true),
                Triple(null, "203.0.113.1", false),
            )
        assertSoftly {
            for (dimension in listOf(Dimension.KEY, Dimension.USER, Dimension.TEAM)) {
                for ((one, other, same) in rows) {
                    withClue("$dimension $one $other") {
                        (subject(setOf(dimension), caller(peer = one)) == subject(setOf(dimension), caller(peer = other))) shouldBe same
                    }
                }
            }
            // Nobody becomes another by calling himself like an address.
            subject(setOf(Dimension.USER), caller("203.0.113.1")) shouldNotBe subject(setOf(Dimension.USER), caller(peer = "203.0.113.1"))
        }
    }

    @Test
    fun `a rule is for those whom it names`() {
        val rows =
            listOf(
                LimitMatch() to true,
                LimitMatch(user = "ann") to true,
                LimitMatch(user = "bob") to false,
                LimitMatch(user = LimitMatch.ANY, team = LimitMatch.ANY) to false,
                LimitMatch(group = "ops") to true,
                LimitMatch(group = "dev") to false,
                LimitMatch(group = LimitMatch.ANY, model = "small") to true,
                LimitMatch(model = "large") to false,
                LimitMatch(decision = LimitMatch.ANY) to false,
            )
        assertSoftly {
            for ((match, fits) in rows) {
                val counter = LimitRule("r", LimitKind.TOKENS, pace, match = match).counterOf(LimitFacts(caller("ann"), "small"))
                withClue("$match") { (counter != null) shouldBe fits }
            }
        }
    }

    @Test
    fun `what depends on the plan waits for it`() {
        LimitRule("r", LimitKind.TOKENS, pace, setOf(Dimension.USER)).needsPlan shouldBe false
        LimitRule("r", LimitKind.TOKENS, pace, setOf(Dimension.MODEL)).needsPlan shouldBe true
        LimitRule("r", LimitKind.TOKENS, pace, match = LimitMatch(decision = "d")).needsPlan shouldBe true
        LimitRule("r", LimitKind.COST, pace).needsPlan shouldBe true
    }
}
