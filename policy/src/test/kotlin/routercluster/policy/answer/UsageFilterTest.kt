package routercluster.policy.answer

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.junit.jupiter.api.Test
import routercluster.policy.request.seededCases

class UsageFilterTest {
    private val head = """"id":"c-1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-x""""
    private val usage = """{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9,"prompt_tokens_details":{"cached_tokens":0}}"""

    private fun said(text: String, usage: String = "") =
        """data: {$head,"choices":[{"index":0,"delta":{"content":"$text"},"finish_reason":null}]$usage}""" + "\n\n"

    private val usageOnly = """data: {$head,"choices":[],"usage":$usage}""" + "\n\n"
    private val nullUsage = ""","usage":null"""
    private val done = "data: [DONE]\n\n"

    /** What an upstream sends that was asked for usage, and what it would have sent otherwise. */
    private val streams =
        listOf(
            // As OpenAI has it, and as vLLM has it.
            said("Hi", nullUsage) + said(" there", nullUsage) + usageOnly + done to said("Hi") + said(" there") + done,
            said("Hi") + usageOnly + done to said("Hi") + done,
            // Members in another order, blanks, and what stands around the null.
            """data:{"usage":null,$head,"choices":[ ]}""" + "\n\n" to """data:{$head,"choices":[ ]}""" + "\n\n",
            said("x", """ , "usage" : null , "obfuscation":"zY" """) to said("x", """ , "obfuscation":"zY" """),
            """data:{ "usage" : $usage , "choices" : [ ] , $head }""" + "\n\n$done" to done,
            // Comments and other lines are not held, and an event's name goes nowhere without its data.
            ": keep-alive\n\n${said("x")}: keep-alive\n\n$usageOnly$done" to ": keep-alive\n\n${said("x")}: keep-alive\n\n$done",
            "event: usage\nid: 7\n$usageOnly$done" to "event: usage\nid: 7\n\n$done",
            "${usageOnly.trimEnd()}\nid: 7\n\n$done" to "id: 7\n\n$done",
            "retry: 1000\n\n\n\n$done" to "retry: 1000\n\n\n\n$done",
            // One line end where there should be two.
            said("x").trimEnd() + "\n" + usageOnly.trimEnd() + "\n" + done.trimEnd() to said("x").trimEnd() + "\n" + done.trimEnd(),
            "" to "",
        )

    /** What the client is to see as it is. */
    private val untouched =
        listOf(
            said("""\"usage\":null,\"choices\":[]"""),
            said("x", ""","usage":$usage"""),
            said("x", ""","x_groq":{"usage":$usage}"""),
            """data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}""" + "\n\n",
            """data: {"error":{"message":"overloaded"},"usage":$usage}""" + "\n\n",
            """data: {"type":"message_delta","usage":$usage}""" + "\n\n",
            """data: {"choices":{},"usage":$usage}""" + "\n\n",
            """data: {"choices":[],"usage":[$usage]}""" + "\n\n",
            """data: {"choices":[],"usage":$usage}{}""" + "\n\n",
            """data: {"choices":[],"usage":$usage,"usage":$usage}""" + "\n\n",
            """data: {"choices":[],"usage":{"prompt""" + "\n\n",
            """data: [{"choices":[],"usage":$usage}]""" + "\n\n",
            """data: "usage"""" + "\n\n",
            """data:"usage"""" + "\n\n",
            """data: {"choices":[],"usage":$usage""" + "\n" + """data: }""" + "\n\n",
            """datum: {"choices":[],"usage":$usage}""" + "\n\n",
            """: data: {"choices":[],"usage":$usage}""" + "\n\n",
            "data: \u0000\"usage\"\n\n",
            "\uFEFF$usageOnly",
            usageOnly.trimEnd(),
            "data",
            "d\nda\ndat\ndata\ndata:\ndata: \n\n",
            done.repeat(2),
            """data: {"choices":[],"usage":$usage,"x":"${"x".repeat(UsageFilter.LINE_BYTES_MAX)}"}""" + "\n\n",
        )

    private val rows = streams + untouched.map { it to it }

    @Test
    fun `takes out what was not asked for and nothing else, whatever ends the lines`() =
        eachRow { row, (before, after) -> withClue(row) { filtered(before, before.size) shouldBe after } }

    @Test
    fun `gives the same wherever it is cut in two`() =
        eachRow { row, (before, after) ->
            // Where a row is long, it is one letter over and over.
            val all = before.indices.toList()
            val cuts = if (before.size < CUTS_MAX) all else all.take(CUTS_MAX / 2) + all.takeLast(9)
            for (cut in cuts) {
                val filter = UsageFilter()
                val parts = listOf(before.copyOfRange(0, cut), before.copyOfRange(cut, before.size)).map(filter::pass)
                withClue("$row cut at byte $cut") { String(parts[0] + parts[1] + filter.rest()) shouldBe after }
            }
        }

    @Test
    fun `gives the same however it is cut`() =
        seededCases(50) { random ->
            eachRow { row, (before, after) ->
                val short = if (random.nextInt(4) == 0) 1 else random.nextInt(2, 200)
                val step = if (before.size < CUTS_MAX) short else random.nextInt(5_000, 20_000)
                withClue("$row in pieces of $step") { filtered(before, step) shouldBe after }
            }
        }

    @Test
    fun `what is cut between lines is passed on without a copy and at once`() {
        val filter = UsageFilter()
        for (chunk in listOf(said("Hi") + ": x\n", "\n", said("there", ""","usage":$usage"""), done).map(String::toByteArray)) {
            filter.pass(chunk) shouldBeSameInstanceAs chunk
        }
        String(filter.pass((said("a") + usageOnly.take(20)).toByteArray())) shouldBe said("a")
        String(filter.rest()) shouldBe usageOnly.take(20)
        filter.rest().size shouldBe 0
    }

    @Test
    fun `holds back only what may be a line of data, and only up to its bound`() {
        val rows = listOf("event: x" to "event: x", "da" to "", "data" to "", "data: {" to "", "dat " to "dat ", "daten" to "daten")
        for ((begun, passed) in rows) {
            withClue(begun) { String(UsageFilter().pass(begun.toByteArray())) shouldBe passed }
        }
        val filter = UsageFilter()
        val line = "data: " + "x".repeat(UsageFilter.LINE_BYTES_MAX)
        filter.pass(line.take(UsageFilter.LINE_BYTES_MAX).toByteArray()).size shouldBe 0
        filter.pass("x".toByteArray()).size shouldBe UsageFilter.LINE_BYTES_MAX + 1
        filter.rest().size shouldBe 0
    }

    private fun eachRow(check: (String, Pair<ByteArray, String>) -> Unit) {
        for (end in listOf("\n", "\r\n", "\r")) {
            rows.forEachIndexed { index, (before, after) ->
                val row = "row $index, lines ended by ${end.map { it.code }}: ${before.take(200)}"
                check(row, before.replace("\n", end).toByteArray() to after.replace("\n", end))
            }
        }
    }

    private fun filtered(bytes: ByteArray, step: Int): String {
        val filter = UsageFilter()
        val parts = (0 until bytes.size step maxOf(1, step)).map { filter.pass(bytes.copyOfRange(it, minOf(bytes.size, it + step))) }
        return String(parts.fold(ByteArray(0), ByteArray::plus) + filter.rest())
    }

    private companion object {
        const val CUTS_MAX = 4_000
    }
}
