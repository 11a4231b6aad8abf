package routercluster.policy.cache

import io.kotest.assertions.withClue
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import org.junit.jupiter.api.Test
import routercluster.policy.Limits
import routercluster.policy.request.parseChat

class EarlierTurnsTest {
    private fun earlier(vararg before: String, fields: String = ""): EarlierTurns? {
        val messages = (before.toList() + user("and then?")).joinToString(",")
        return RequestDigest.earlier(parseChat("""{"model":"auto"$fields,"messages":[$messages]}""".toByteArray(), Limits()))
    }

    private fun user(text: String) = """{"role":"user","content":"$text"}"""

    private fun model(text: String) = """{"role":"assistant","content":"$text"}"""

    private val talk =
        arrayOf(user("How do I bake bread with rye flour at home?"), model("Mix flour, water and yeast; wait; bake for an hour."))

    @Test
    fun `the frame holds all but what users and models said`() {
        val frame = earlier(*talk).shouldNotBeNull().frame
        earlier(user("Something else"), model("Yes")).shouldNotBeNull().frame shouldBe frame
        val system = """{"role":"system","content":"Be brief."}"""
        val called = """{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}"""
        val call = """{"role":"assistant","content":"I call","tool_calls":[$called]}"""
        val others = listOf(
            earlier(model("x"), user("y")),
            earlier(*talk, *talk),
            earlier(system, *talk),
            earlier(user("x"), call),
            earlier(*talk, fields = ""","temperature":0.5"""),
        )
        for (other in others) withClue(other?.text) { other.shouldNotBeNull().frame shouldNotBe frame }
        earlier(system, *talk)?.text shouldBe earlier(*talk)?.text
    }

    @Test
    fun `conversations of the same words are similar, and what speaks against a hit does so in any of their turns`() {
        val turns = earlier(*talk).shouldNotBeNull()

        fun veto(vararg other: String) = turns.veto(earlier(*other)?.text, CacheSettings.CONVERSATION_SIMILARITY)
        veto(*talk) shouldBe null
        veto(user("How do I bake bread with rye flour at home"), talk[1]) shouldBe null
        veto(user("How do I bake bread with 2 flours at home?"), talk[1]) shouldBe Veto.NUMBERS
        veto(user("How do I not bake bread with rye flour at home?"), talk[1]) shouldBe Veto.NEGATION
        veto(user("How do I bake cakes with rye flour at home?"), talk[1]) shouldBe Veto.CONVERSATION
        turns.veto(null, 0.0) shouldBe Veto.CONVERSATION
    }

    @Test
    fun `a conversation that is too long is similar to none`() {
        earlier(user("word ".repeat(4_000))) shouldBe null
        earlier().shouldNotBeNull().text shouldBe ""
    }
}
