package routercluster.policy.request

import com.knuddels.jtokkit.Encodings
import com.knuddels.jtokkit.api.EncodingType
import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import kotlin.math.abs
import kotlin.random.Random

class TokenEstimateTest {
    private val exact = Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.O200K_BASE)
    private val chinese = paragraphs("chinese")
    private val code = paragraphs("code")
    private val prose = paragraphs("prose")

    @Test
    fun `short prompts are counted exactly`() {
        for (text in chinese.map { it.take(250) } + listOf("", "Hello, world!", "😀", "fun main() {}\n", "\uD83D")) {
            TokenEstimate.of(text) shouldBe exact.countTokensOrdinary(text)
        }
    }

    @Test
    fun `the error stays within its bounds`() {
        val random = Random(11)
        val kinds = mapOf("chinese" to chinese, "code" to code, "prose" to prose, "mixed" to chinese + code.shuffled(random).take(40))
        val errors =
            kinds.flatMap { (kind, parts) ->
                List(100) {
                    val text = document(parts, random)
                    withClue("$kind, ${text.length} units") { error(text).also { it shouldBeLessThan 0.10 } }
                }
            }
        errors.sorted()[errors.size * 95 / 100] shouldBeLessThan 0.04
        errors.average() shouldBeLessThan 0.015
    }

    @Test
    fun `many messages cost what one text of them costs`() {
        val parts = List(400) { code[it % code.size].take(80) + "\n" }
        val together = TokenEstimate.of(parts.joinToString(""))
        val apart = TokenEstimate.of(parts.map { Message(Role.USER, it) }, 0) - 400 * TokenEstimate.TOKENS_PER_MESSAGE
        apart shouldBeInRange together * 9 / 10..together * 11 / 10
    }

    @Test
    fun `what is no text adds its own`() {
        val bare = TokenEstimate.of(listOf(Message(Role.USER, "hi")), 0)
        bare shouldBe 1 + TokenEstimate.TOKENS_PER_MESSAGE
        TokenEstimate.of(listOf(Message(Role.USER, "hi", imageCount = 2)), 0) shouldBe bare + 2 * TokenEstimate.TOKENS_PER_IMAGE
        TokenEstimate.of(listOf(Message(Role.USER, "hi", toolCallCount = 3)), 5) shouldBe
            bare + 3 * TokenEstimate.TOKENS_PER_TOOL_CALL + 5 * TokenEstimate.TOKENS_PER_TOOL
        TokenEstimate.of(listOf(Message(Role.USER, "", imageCount = Int.MAX_VALUE)), 0) shouldBe Int.MAX_VALUE
    }

    private fun error(text: String): Double {
        val tokens = exact.countTokensOrdinary(text)
        return abs(TokenEstimate.of(text) - tokens).toDouble() / tokens
    }

    private fun document(parts: List<String>, random: Random): String {
        val length = random.nextInt(1_500, 40_000)
        val text = StringBuilder()
        while (text.length < length) text.append(parts.random(random)).append("\n\n")
        return text.substring(0, length)
    }

    /** The texts are kept, not read from the tree, so that a bound never moves with somebody's commit. */
    private fun paragraphs(name: String): List<String> =
        checkNotNull(javaClass.getResource("/texts/$name.txt")).readText().split("\n\n").filter { it.length > 40 }
}
