package routercluster.policy.plugins

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Limits
import routercluster.policy.request.BodyEdits
import routercluster.policy.request.apply
import routercluster.policy.request.parseChat

class StreamUsageTest {
    private val asks = """{"include_usage":true}"""

    /** Fields of a request, whether its answer is a stream without usage, and the fields once it is asked for. */
    private val rows =
        listOf(
            Triple(""","stream":true""", true, ""","stream":true,"stream_options":$asks"""),
            Triple(""","stream":true,"stream_options":null""", true, ""","stream":true,"stream_options":$asks"""),
            Triple(""","stream":true,"stream_options":{}""", true, ""","stream":true,"stream_options":$asks"""),
            Triple(
                """,  "stream_options" : { "include_usage" : false } , "stream" : true""",
                true,
                """,  "stream_options" : { "include_usage" : true } , "stream" : true""",
            ),
            Triple(""","stream":true,"stream_options":{"include_usage":null}""", true, ""","stream":true,"stream_options":$asks"""),
            Triple(
                ""","stream":true,"stream_options":{ "include_obfuscation":false, "new":1.50e+2 }""",
                true,
                ""","stream":true,"stream_options":{ "include_obfuscation":false, "new":1.50e+2,"include_usage":true }""",
            ),
            Triple(""","stream":true,"stream_options":$asks""", false, null),
            Triple("", false, null),
            Triple(""","stream":false""", false, null),
            Triple(""","stream_options":{}""", false, null),
            // The upstream's to judge.
            Triple(""","stream":true,"stream_options":"all"""", false, null),
            Triple(""","stream":true,"stream_options":[]""", false, null),
            Triple(""","stream":true,"stream_options":{"include_usage":"yes"}""", false, null),
            Triple(""","stream":true,"stream_options":{"include_usage":1}""", false, null),
        )

    @Test
    fun `asks for usage where a stream has none, and leaves the rest of the body as it is`() {
        for ((before, without, after) in rows) {
            val body = parseChat(body(before), Limits())
            withClue(before) {
                streamsWithoutUsage(body, emptyList()) shouldBe without
                if (after != null) String(body.apply(BodyEdits.NONE.askingUsage())) shouldBe String(body(after))
            }
        }
    }

    @Test
    fun `what a decision blocks was not asked for`() {
        val asking = parseChat(body(""","stream":true,"stream_options":$asks"""), Limits())
        streamsWithoutUsage(asking, listOf(Plugin.RequestParams(blocked = setOf("stream_options")))) shouldBe true
        streamsWithoutUsage(asking, listOf(Plugin.RequestParams(blocked = setOf("stream_options", "stream")))) shouldBe false
        String(asking.apply(BodyEdits.NONE.remove("stream_options").askingUsage())) shouldBe String(asking.bytes)
    }

    private fun body(fields: String) = """{"model":"auto","messages":[{"role":"user","content":"x"}]$fields}""".toByteArray()
}
