package routercluster.policy.request

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.ArrayNode
import com.fasterxml.jackson.databind.node.ObjectNode
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.junit.jupiter.api.Test
import routercluster.policy.Limits
import routercluster.policy.plugins.Plugin.SystemPrompt.Mode
import kotlin.random.Random

class BodyEditsTest {
    private val mapper = ObjectMapper()

    private class Row(val before: String, val edits: BodyEdits, val after: String)

    private val none = BodyEdits.NONE
    private val tail = """"messages":[{"role":"user"}]"""
    private val one = RawJson.of(1)

    private val fieldRows =
        listOf(
            Row("""{"model":"a",$tail}""", none.set("model", RawJson.of("b\"\n")), """{"model":"b\"\n",$tail}"""),
            Row(
                """{ "x" : 1.0e2 , "model":"a", $tail }""",
                none.set("x", RawJson.parsed("[1, 2]")),
                """{ "x" : [1, 2] , "model":"a", $tail }""",
            ),
            Row("""{"model":"a",$tail }""", none.set("x", one).set("y", RawJson.of(false)), """{"model":"a",$tail,"x":1,"y":false }"""),
            Row("""{ "x":1, "y":2, "model":"\u0061", $tail}""", none.remove("x").remove("y"), """{ "model":"\u0061", $tail}"""),
            Row("""{"model":"a", "x":1, $tail, "y":2 }""", none.remove("x").remove("y").remove("z"), """{"model":"a", $tail }"""),
            Row("""{"model":"a",$tail,"x":1}""", none.remove("x").set("z", one), """{"model":"a",$tail,"z":1}"""),
            Row("""{"model":"a",$tail,"x":1}""", none.remove("x").set("x", RawJson.of(2)), """{"model":"a",$tail,"x":2}"""),
            Row("""{"model":"a",$tail}""", none.set("x", one).remove("x"), """{"model":"a",$tail}"""),
            Row("""{"model":"a",$tail}""", none.set(listOf("x", "y", "z"), one), """{"model":"a",$tail,"x":{"y":{"z":1}}}"""),
            Row(
                """{"model":"a",$tail,"x":{ "k":1.0 }}""",
                none.set(listOf("x", "y"), one),
                """{"model":"a",$tail,"x":{ "k":1.0,"y":1 }}""",
            ),
            Row("""{"model":"a",$tail,"x":{ }}""", none.set(listOf("x", "y"), one), """{"model":"a",$tail,"x":{"y":1 }}"""),
            Row("""{"model":"a",$tail,"x":null}""", none.set(listOf("x", "y"), one), """{"model":"a",$tail,"x":{"y":1}}"""),
            Row("""{"model":"a",$tail,"x":{"y":0,"k":1}}""", none.remove(listOf("x", "y")), """{"model":"a",$tail,"x":{"k":1}}"""),
            Row("""{"model":"a",$tail,"x":{"y":{"z":0}}}""", none.remove(listOf("x", "y", "z")), """{"model":"a",$tail}"""),
            Row("""{"model":"a",$tail,"x":"s"}""", none.remove(listOf("x", "y")), """{"model":"a",$tail,"x":"s"}"""),
        )

    private val promptRows =
        listOf(
            Triple("""{"role":"user"}""", Mode.INSERT, """{"role":"system","content":"P"},{"role":"user"}"""),
            Triple("""{"role":"user"}""", Mode.REPLACE, """{"role":"system","content":"P"},{"role":"user"}"""),
            Triple(
                """{"role":"user"},{"role":"system","content":"S\u0020"}""",
                Mode.INSERT,
                """{"role":"user"},{"role":"system","content":"P\n\nS\u0020"}""",
            ),
            Triple(
                """{"content": "S", "name":"n","role":"developer"}""",
                Mode.INSERT,
                """{"content": "P\n\nS", "name":"n","role":"developer"}""",
            ),
            Triple(
                """{"content": "S", "name":"n","role":"developer"}""",
                Mode.REPLACE,
                """{"content": "P", "name":"n","role":"developer"}""",
            ),
            Triple("""{"role":"system","content":""}""", Mode.INSERT, """{"role":"system","content":"P"}"""),
            Triple("""{"role":"system","content":null}""", Mode.INSERT, """{"role":"system","content":"P"}"""),
            Triple("""{"role":"system"}""", Mode.INSERT, """{"content":"P","role":"system"}"""),
            Triple("""{"role":"system"}""", Mode.REPLACE, """{"content":"P","role":"system"}"""),
            Triple("""{"role":"system","content":[]}""", Mode.INSERT, """{"role":"system","content":[{"type":"text","text":"P"}]}"""),
            Triple(
                """{"role":"system","content":[{"type":"image_url"}]}""",
                Mode.INSERT,
                """{"role":"system","content":[{"type":"text","text":"P"},{"type":"image_url"}]}""",
            ),
            Triple(
                """{"role":"system","content":[{"type":"image_url"},{"text":"S","type":"text","cache_control":{}}]}""",
                Mode.INSERT,
                """{"role":"system","content":[{"type":"image_url"},{"text":"P\n\nS","type":"text","cache_control":{}}]}""",
            ),
            Triple("""{"role":"system","content":[{"type":"text","text":"S"}]}""", Mode.REPLACE, """{"role":"system","content":"P"}"""),
            Triple(
                """{"role":"system","content":"1"} , {"role":"developer"}, {"role":"user"}, {"role":"system","content":"3"}""",
                Mode.REPLACE,
                """{"role":"system","content":"P"}, {"role":"user"}""",
            ),
        )

    @Test
    fun `edits fields in place`() =
        fieldRows.forEach { row -> withClue(row.before) { String(parse(row.before).apply(row.edits)) shouldBe row.after } }

    @Test
    fun `edits system messages in place`() =
        promptRows.forEach { (before, mode, after) ->
            withClue("$mode $before") { String(parse(chat(before)).apply(none.systemPrompt("P", mode))) shouldBe chat(after) }
        }

    @Test
    fun `gives the client's own array where nothing changes`() =
        seededCases(200) { random ->
            val body = parse(RandomBodies(random).body())
            body.apply(none) shouldBeSameInstanceAs body.bytes
            val model = body.fields.getValue("model")
            body.apply(none.set("model", RawJson.parsed(String(body.bytes, model.start, model.end - model.start)))) shouldBeSameInstanceAs
                body.bytes
            body.apply(none.remove("absent").remove(listOf("x_unknown", "absent"))) shouldBeSameInstanceAs body.bytes
        }

    @Test
    fun `rejects edits that leave no request`() {
        shouldThrow<IllegalArgumentException> { none.remove("model") }.message shouldBe "`model` cannot be removed"
        shouldThrow<IllegalArgumentException> { none.remove("messages") }.message shouldBe "`messages` cannot be removed"
        shouldThrow<IllegalArgumentException> { none.set("messages", one) }.message shouldBe "`messages` cannot be set as a field"
    }

    @Test
    fun `rejects raw JSON that is not one value`() =
        listOf("", "1 2", "{", "x", "{\"a\":1,\"a\":2}", "NaN", "1\u0000").forEach {
            withClue(it) { shouldThrow<IllegalArgumentException> { RawJson.parsed(it) }.message shouldBe "not one JSON value" }
        }

    @Test
    fun `a body without half surrogates comes out even where a prompt has them`() {
        String(parse(chat("""{"role":"user"}""")).apply(none.systemPrompt("\uD83D", Mode.INSERT))) shouldBe
            chat("""{"role":"system","content":"?"},{"role":"user"}""")
    }

    @Test
    fun `bytes that are spliced parse to the tree that the same edits make`() =
        seededCases(4_000) { random ->
            val text = RandomBodies(random).body()
            val body = parse(text)
            var edits = none
            val tree = mapper.readTree(text) as ObjectNode
            val log = mutableListOf<String>()
            repeat(random.nextInt(6)) {
                val (next, what) = randomEdit(edits, tree, random)
                edits = next
                log += what
            }
            withClue("$text\n$log") {
                val spliced = body.apply(edits)
                mapper.readTree(spliced) shouldBe tree
                val untouched = body.members.keys.filter { name -> name != "messages" && log.none { it.startsWith("$name ") } }
                val after = parseChat(spliced, Limits(messagesMax = 10))
                untouched.forEach { slice(after, it) shouldBe slice(body, it) }
            }
        }

    /** Makes one edit in both worlds; its description begins with the field. */
    private fun randomEdit(edits: BodyEdits, tree: ObjectNode, random: Random): Pair<BodyEdits, String> {
        val bodies = RandomBodies(random)
        val field = bodies.pick("chat_template_kwargs", "reasoning", "reasoning_effort", "stream_options", "x_unknown", "new")
        val path = listOf(field) + RandomBodies.innerKeys.shuffled(random).take(random.nextInt(0, 3))
        return when (random.nextInt(4)) {
            0 -> {
                treeRemove(tree, path)
                edits.remove(path) to "$field remove $path"
            }

            1 -> {
                val mode = bodies.pick(Mode.INSERT, Mode.REPLACE)
                val prompt = bodies.pick("one", "two \"quoted\"\n", "três")
                treePrompt(tree["messages"] as ArrayNode, prompt, mode)
                edits.systemPrompt(prompt, mode) to "messages $mode $prompt"
            }

            else -> {
                val json = bodies.value(1)
                treeSet(tree, path, mapper.readTree(json))
                edits.set(path, RawJson.parsed(" $json\n")) to "$field set $path $json"
            }
        }
    }

    private fun treeSet(node: ObjectNode, path: List<String>, value: JsonNode) {
        if (path.size == 1) {
            node.set<JsonNode>(path[0], value)
        } else {
            val inner = node[path[0]] as? ObjectNode ?: node.putObject(path[0])
            treeSet(inner, path.drop(1), value)
        }
    }

    private fun treeRemove(node: ObjectNode, path: List<String>) {
        if (path.size == 1) {
            node.remove(path[0])
        } else {
            val inner = node[path[0]] as? ObjectNode ?: return
            val had = inner.size()
            treeRemove(inner, path.drop(1))
            if (had > 0 && inner.isEmpty) node.remove(path[0])
        }
    }

    private fun treePrompt(messages: ArrayNode, prompt: String, mode: Mode) {
        val systems = messages.filter { it["role"].textValue() in setOf("system", "developer") }.map { it as ObjectNode }
        val first = systems.firstOrNull()
        val content = first?.get("content")
        if (first == null) {
            messages.insertObject(0).put("role", "system").put("content", prompt)
        } else if (mode == Mode.REPLACE) {
            first.put("content", prompt)
            val others = systems.drop(1)
            val kept = messages.filter { message -> others.none { it === message } }
            messages.removeAll().addAll(kept)
        } else if (content is ArrayNode) {
            val text = content.firstOrNull { it["type"].textValue() == "text" } as ObjectNode?
            if (text ==
                null
            ) {
                content.insertObject(0).put("type", "text").put("text", prompt)
            } else {
                text.put("text", joined(prompt, text["text"]))
            }
        } else {
            first.put("content", joined(prompt, content))
        }
    }

    private fun joined(prompt: String, old: JsonNode?): String = listOf(prompt, old?.textValue().orEmpty())
        .filter {
            it.isNotEmpty()
        }.joinToString("\n\n")

    private fun chat(messages: String) = """{"model":"m","messages":[ $messages ]}"""

    private fun parse(text: String) = parseChat(text.toByteArray(), Limits())

    private fun slice(body: ChatBody, field: String) = body.fields.getValue(field).let { String(body.bytes, it.start, it.end - it.start) }
}
