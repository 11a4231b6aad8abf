package routercluster.policy.cache

import io.kotest.assertions.withClue
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import org.junit.jupiter.api.Test
import routercluster.policy.Limits
import routercluster.policy.request.parseChat

class RequestDigestTest {
    private fun digest(body: String) = RequestDigest.of(parseChat(body.toByteArray(), Limits()))

    private val plain =
        """{"model":"auto","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi there"}],"temperature":0.5}"""

    @Test
    fun `how a body is written makes no difference`() {
        val other = """ { "temperature" : 5e-1 , "messages" : [ {"content":"Be\u0020brief.","role":"system"} , {"role":"user","content":"Hi there"} ],
            "model":"auto" }"""
        digest(other).whole shouldBe digest(plain).whole
        digest(other).around shouldBe digest(plain).around
    }

    @Test
    fun `who asks, which model and whether it streams make none either`() {
        val other = plain.replace(
            "\"model\":\"auto\"",
            "\"model\":\"fast\",\"stream\":true,\"user\":\"u\",\"metadata\":{\"a\":\"b\"},\"stream_options\":{\"include_usage\":true}",
        )
        digest(other).whole shouldBe digest(plain).whole
    }

    @Test
    fun `whatever can change the answer does`() {
        val changes = listOf(
            plain.replace("0.5", "0.6"),
            plain.replace("brief", "long"),
            plain.replace("system", "developer"),
            plain.replace("\"temperature\"", "\"tools\":[{\"type\":\"function\"}],\"temperature\""),
            plain.replace("\"temperature\"", "\"response_format\":{\"type\":\"json_object\"},\"temperature\""),
            plain.replace("\"temperature\"", "\"something_new\":true,\"temperature\""),
            plain.replace("\"temperature\":0.5", "\"temperature\":\"0.5\""),
        )
        for (change in changes) {
            withClue(change) {
                digest(change).whole shouldNotBe digest(plain).whole
                digest(change).around shouldNotBe digest(plain).around
            }
        }
    }

    @Test
    fun `the text of the last message is not around it`() {
        val other = digest(plain.replace("Hi there", "Something else"))
        other.whole shouldNotBe digest(plain).whole
        other.around.shouldNotBeNull() shouldBe digest(plain).around
    }

    @Test
    fun `only a user's last message of text alone can be like another`() {
        for (last in listOf(
            """{"role":"assistant","content":"Hi"}""",
            """{"role":"tool","content":"Hi","tool_call_id":"1"}""",
            """{"role":"user","content":"Hi","name":"Ada"}""",
            """{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"image_url","image_url":{"url":"x"}}]}""",
            """{"role":"user","content":"   "}""",
        )) {
            withClue(last) { digest("""{"model":"auto","messages":[$last]}""").around shouldBe null }
        }
    }

    @Test
    fun `pieces cannot be moved between fields`() {
        digest("""{"model":"a","messages":[{"role":"user","content":"ab"}],"x":"c"}""").whole shouldNotBe
            digest("""{"model":"a","messages":[{"role":"user","content":"a"}],"x":"bc"}""").whole
        digest(
            """{"model":"a","messages":[{"role":"user","content":["a","b"]}]}""".replace("\"a\",\"b\"", """{"type":"text","text":"ab"}"""),
        ).whole shouldNotBe
            digest("""{"model":"a","messages":[{"role":"user","content":"ab"}]}""").whole
    }

    @Test
    fun `numbers of any size are read`() {
        fun of(number: String) = digest("""{"model":"a","messages":[{"role":"user","content":"x"}],"seed":$number}""").whole
        of("100") shouldBe of("1e2")
        of("1.50") shouldBe of("1.5")
        of("1e100000") shouldNotBe of("1e100001")
    }
}
