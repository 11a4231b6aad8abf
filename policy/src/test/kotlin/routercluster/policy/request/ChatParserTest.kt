package routercluster.policy.request

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.assertSoftly
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Limits

class ChatParserTest {
    private val mapper = ObjectMapper()
    private val hello = """"messages":[{"role":"user","content":"hi"}]"""

    @Test
    fun `reads what signals and doors need`() {
        val body =
            parse(
                """
                {"model":"auto","stream":true,"stream_options":{"include_usage":true},"temperature":1.0e0,
                 "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},{}],
                 "metadata":{"tier":"gold"},
                 "messages":[
                   {"role":"system","content":"Be \u0062rief."},
                   {"role":"user","content":[{"text":"What is","type":"text"},
                     {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
                     {"type":"input_audio","input_audio":{"data":"AA","format":"wav"}},{"type":"text","text":"this?"}]},
                   {"role":"assistant","content":null,"tool_calls":[{"id":"1"},{"id":"2"}]},
                   {"role":"tool","tool_call_id":"1","content":"42"},
                   {"role":"critic","content":""}
                 ]}
                """.trimIndent(),
            )
        body.model shouldBe "auto"
        body.stream shouldBe true
        body.toolCount shouldBe 2
        body.metadata shouldBe mapOf("tier" to "gold")
        body.messages shouldBe
            listOf(
                Message(Role.SYSTEM, "Be brief."),
                Message(Role.USER, "What is\nthis?", imageCount = 1),
                Message(Role.ASSISTANT, "", toolCallCount = 2),
                Message(Role.TOOL, "42"),
                Message(Role.OTHER, ""),
            )
        slice(body, body.fields.getValue("temperature")) shouldBe "1.0e0"
        slice(body, body.members.getValue("model")) shouldBe """"model":"auto""""
        slice(body, body.messageSpans[3]) shouldBe """{"role":"tool","tool_call_id":"1","content":"42"}"""
    }

    @Test
    fun `accepts what is unusual but right`() {
        val rows =
            mapOf(
                "null stream" to """{"model":"m","stream":null,$hello}""",
                "null metadata" to """{"model":"m","metadata":null,$hello}""",
                "content missing" to """{"model":"m","messages":[{"role":"assistant","refusal":"no"}]}""",
                "escaped key" to """{"mod\u0065l":"m",$hello}""",
                "blanks around" to "\r\n\t {\"model\" : \"m\", $hello } \n",
                "half a surrogate pair, escaped" to """{"model":"m","messages":[{"role":"user","content":"\ud83d"}]}""",
                "DEL and other unescaped text" to "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\u007f\u0080\uffff\"}]}",
                "same key in two objects" to """{"model":"m","a":{"x":1},"b":{"x":1},$hello}""",
                "unknown fields of any type" to """{"model":"m","x":[[],{"y":[null,1E400]}],$hello}""",
                "64 levels" to """{"model":"m","x":${"[".repeat(63)}${"]".repeat(63)},$hello}""",
            )
        rows.forEach { (name, body) -> withClue(name) { parse(body).model shouldBe "m" } }
    }

    private class Refused(val name: String, val body: ByteArray, val code: String, val message: String, val param: String? = null) {
        constructor(name: String, body: String, code: String, message: String, param: String? = null) :
            this(name, body.toByteArray(), code, message, param)
    }

    private val syntax =
        listOf(
            Refused("empty", "", "invalid_json", "The body is not valid JSON: it is empty."),
            Refused("blank", " \n", "invalid_json", "The body is not valid JSON: it is empty."),
            Refused("cut in an object", """{"model":"m"""", "invalid_json", "The body is not valid JSON: it ends too early at byte 12."),
            Refused("cut in a string", """{"model":"secret""", "invalid_json", "The body is not valid JSON: it ends too early at byte 16."),
            Refused("cut in an escape", """{"model":"m\""", "invalid_json", "The body is not valid JSON: it ends too early at byte 12."),
            Refused("cut in a word", """{"model":tr""", "invalid_json", "The body is not valid JSON: unexpected input at byte 9."),
            Refused("array", "[]", "invalid_type", "The body must be a JSON object."),
            Refused("string", "\"x\"", "invalid_type", "The body must be a JSON object."),
            Refused("text", "secret=1", "invalid_json", "The body is not valid JSON: unexpected input at byte 0."),
            Refused("trailing comma", """{"model":"m",}""", "invalid_json", "The body is not valid JSON: unexpected input at byte 13."),
            Refused("single quotes", """{'model':1}""", "invalid_json", "The body is not valid JSON: unexpected input at byte 1."),
            Refused("comment", """{/* */"model":1}""", "invalid_json", "The body is not valid JSON: unexpected input at byte 1."),
            Refused(
                "NaN",
                """{"model":"m","temperature":NaN}""",
                "invalid_json",
                "The body is not valid JSON: unexpected input at byte 30.",
            ),
            Refused("leading zero", """{"model":"m","n":01}""", "invalid_json", "The body is not valid JSON: unexpected input at byte 18."),
            Refused("bad escape", """{"model":"\x"}""", "invalid_json", "The body is not valid JSON: unexpected input at byte 11."),
            Refused(
                "second object",
                """{"model":"m",$hello} {}""",
                "invalid_json",
                "The body is not valid JSON: something follows its end at byte 58.",
            ),
            Refused(
                "trailing garbage",
                """{"model":"m",$hello}]""",
                "invalid_json",
                "The body is not valid JSON: unexpected input at byte 57.",
            ),
            Refused(
                "raw line break",
                "{\"model\":\"a\nb\"}",
                "invalid_json",
                "The body is not valid JSON: unescaped control character at byte 11.",
            ),
            Refused(
                "raw control",
                "{\"x\":\"a\u0001b\"}",
                "invalid_json",
                "The body is not valid JSON: unescaped control character at byte 7.",
            ),
            Refused("NUL in a string", "{\"model\":\"a\u0000\"}", "invalid_json", "The body is not valid JSON: NUL byte at byte 11."),
            Refused("UTF-16", "{}".toByteArray(Charsets.UTF_16BE), "invalid_json", "The body is not valid JSON: NUL byte at byte 0."),
            Refused("BOM", "\uFEFF{}", "invalid_json", "The body is not valid JSON: it begins with a byte order mark, which JSON forbids."),
            Refused("UTF-16 BOM", bytes(0xFE, 0xFF, 0x30), "invalid_utf8", "The body is not valid UTF-8 at byte 0."),
            Refused("Latin-1", "{\"x\":\"é\"}".toByteArray(Charsets.ISO_8859_1), "invalid_utf8", "The body is not valid UTF-8 at byte 6."),
            Refused(
                "overlong",
                "{\"x\":\"".toByteArray() + bytes(0xC0, 0xAF) + "\"}".toByteArray(),
                "invalid_utf8",
                "The body is not valid UTF-8 at byte 6.",
            ),
            Refused(
                "surrogate",
                "{\"x\":\"".toByteArray() + bytes(0xED, 0xA0, 0x80) + "\"}".toByteArray(),
                "invalid_utf8",
                "The body is not valid UTF-8 at byte 6.",
            ),
            Refused(
                "duplicate at the top",
                """{"model":"a","model":"b"}""",
                "duplicate_key",
                "An object in the body has the same key twice, the second time just before byte 20.",
            ),
            Refused(
                "duplicate by escape",
                """{"a":1,"\u0061":2}""",
                "duplicate_key",
                "An object in the body has the same key twice, the second time just before byte 15.",
            ),
            Refused(
                "duplicate deep inside",
                """{"x":[{"a":1,"b":2,"c":3,"b":4}]}""",
                "duplicate_key",
                "An object in the body has the same key twice, the second time just before byte 28.",
            ),
            Refused(
                "65 levels",
                """{"x":${"[".repeat(64)}""",
                "json_too_deep",
                "The body nests objects and arrays more than 64 levels deep.",
            ),
            Refused(
                "deep message",
                """{"messages":[{"content":${"[".repeat(62)}""",
                "invalid_type",
                "`messages[0].content[0]` must be an object.",
                "messages[0].content[0]",
            ),
            Refused(
                "long key",
                """{"${"k".repeat(5_000)}":1}""",
                "invalid_json",
                "The body is not valid JSON: a name or a number is too long at byte 5003.",
            ),
            Refused(
                "long number",
                """{"n":${"1".repeat(2_000)}}""",
                "invalid_json",
                "The body is not valid JSON: a name or a number is too long at byte 2005.",
            ),
            Refused(
                "100,001 keys",
                (0..100_000).joinToString(",", "{", "}") { "\"$it\":0" },
                "too_many_keys",
                "The body has more than 100000 keys.",
            ),
        )

    private val fields =
        listOf(
            Refused("no model", "{$hello}", "missing_field", "`model` is required.", "model"),
            Refused("model null", """{"model":null,$hello}""", "invalid_type", "`model` must be a string.", "model"),
            Refused("model number", """{"model":1,$hello}""", "invalid_type", "`model` must be a string.", "model"),
            Refused("model empty", """{"model":" ",$hello}""", "invalid_value", "`model` must not be empty.", "model"),
            Refused(
                "model long",
                """{"model":"${"m".repeat(513)}",$hello}""",
                "invalid_value",
                "`model` must have at most 512 characters.",
                "model",
            ),
            Refused(
                "stream string",
                """{"model":"m","stream":"true",$hello}""",
                "invalid_type",
                "`stream` must be true or false.",
                "stream",
            ),
            Refused("no messages", """{"model":"m"}""", "missing_field", "`messages` is required.", "messages"),
            Refused("messages null", """{"model":"m","messages":null}""", "invalid_type", "`messages` must be an array.", "messages"),
            Refused("messages object", """{"model":"m","messages":{}}""", "invalid_type", "`messages` must be an array.", "messages"),
            Refused(
                "no message",
                """{"model":"m","messages":[]}""",
                "invalid_value",
                "`messages` must hold at least one message.",
                "messages",
            ),
            Refused(
                "message string",
                """{"model":"m","messages":["hi"]}""",
                "invalid_type",
                "`messages[0]` must be an object.",
                "messages[0]",
            ),
            Refused(
                "no role",
                """{"model":"m","messages":[{"content":"hi"}]}""",
                "missing_field",
                "`messages[0].role` is required.",
                "messages[0].role",
            ),
            Refused(
                "role number",
                """{"model":"m","messages":[{"role":1}]}""",
                "invalid_type",
                "`messages[0].role` must be a string.",
                "messages[0].role",
            ),
            Refused(
                "content number",
                """{"model":"m","messages":[{"role":"user","content":1}]}""",
                "invalid_type",
                "`messages[0].content` must be a string, an array of content parts or null.",
                "messages[0].content",
            ),
            Refused(
                "part string",
                """{"model":"m","messages":[{"role":"user","content":["hi"]}]}""",
                "invalid_type",
                "`messages[0].content[0]` must be an object.",
                "messages[0].content[0]",
            ),
            Refused(
                "part text number",
                """{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":1}]}]}""",
                "invalid_type",
                "`messages[0].content[0].text` must be a string.",
                "messages[0].content[0].text",
            ),
            Refused(
                "10,000 messages",
                """{"model":"m","messages":[${List(10_000) { """{"role":"user","content":"hi"}""" }.joinToString(",")}]}""",
                "too_many_messages",
                "`messages` has more than 5000 entries.",
                "messages",
            ),
            Refused("metadata list", """{"metadata":[]}""", "invalid_type", "`metadata` must be an object with string values.", "metadata"),
            Refused(
                "metadata number",
                """{"metadata":{"a":1}}""",
                "invalid_type",
                "`metadata` must be an object with string values.",
                "metadata",
            ),
            Refused(
                "33 metadata",
                """{"metadata":{${(1..33).joinToString(",") { "\"$it\":\"\"" }}}}""",
                "invalid_value",
                "`metadata` must have at most 32 entries.",
                "metadata",
            ),
            Refused(
                "metadata key",
                """{"metadata":{"${"é".repeat(65)}":""}}""",
                "invalid_value",
                "`metadata` must have keys of at most 128 bytes.",
                "metadata",
            ),
            Refused(
                "metadata value",
                """{"metadata":{"a":"${"v".repeat(1_025)}"}}""",
                "invalid_value",
                "`metadata` must have values of at most 1024 bytes.",
                "metadata",
            ),
        )

    @Test
    fun `rejects bodies that are not JSON`() = assertSoftly { syntax.forEach(::check) }

    @Test
    fun `rejects fields of the wrong kind`() = assertSoftly { fields.forEach(::check) }

    @Test
    fun `rejects a body over the limit before reading it`() {
        val refused = shouldThrow<BadRequest> { parseChat(ByteArray(101), Limits(bodyBytesMax = 100)) }
        listOf(refused.status, refused.code, refused.message) shouldBe listOf(413, "body_too_large", "The body has more than 100 bytes.")
    }

    private fun check(row: Refused) =
        withClue(row.name) {
            val refused = shouldThrow<BadRequest> { parseChat(row.body, Limits()) }
            listOf(refused.code, refused.message, refused.param, refused.status) shouldBe listOf(row.code, row.message, row.param, 400)
        }

    @Test
    fun `every prefix of a body is refused and no refusal quotes it`() {
        val whole = """{"model":"sesame","messages":[{"role":"user","content":"sesame é \u00e9"}],"metadata":{"sesame":"1"}}"""
            .toByteArray()
        for (length in whole.indices) {
            val refused = shouldThrow<BadRequest> { parseChat(whole.copyOf(length), Limits()) }
            withClue(refused.message) { refused.message.contains("sesame") shouldBe false }
        }
    }

    @Test
    fun `spans are where a tree parser finds the same values`() =
        seededCases(2_000) { random ->
            val text = RandomBodies(random).body()
            withClue(text) {
                val body = parse(text)
                val tree = mapper.readTree(text)
                body.model shouldBe tree["model"].textValue()
                body.fields.keys.toList() shouldBe tree.fieldNames().asSequence().toList()
                body.fields.forEach { (name, span) -> mapper.readTree(slice(body, span)) shouldBe tree[name] }
                body.members.forEach { (name, span) ->
                    mapper.readTree("{" + slice(body, span) + "}") shouldBe
                        mapper.createObjectNode().set(name, tree[name])
                }
                body.messageSpans.map { mapper.readTree(slice(body, it)) } shouldBe tree["messages"].toList()
            }
        }

    @Test
    fun `mutilated bodies are parsed or refused but nothing else`() =
        seededCases(3_000) { random ->
            val bytes = RandomBodies(random).body().toByteArray()
            repeat(random.nextInt(1, 4)) { bytes[random.nextInt(bytes.size)] = random.nextInt(256).toByte() }
            try {
                parseChat(bytes, Limits()).bytes shouldBe bytes
            } catch (refused: BadRequest) {
                refused.status shouldBe 400
            }
        }

    private fun parse(text: String) = parseChat(text.toByteArray(), Limits())

    private fun slice(body: ChatBody, span: Span) = String(body.bytes, span.start, span.end - span.start)

    private fun bytes(vararg values: Int) = ByteArray(values.size) { values[it].toByte() }
}
