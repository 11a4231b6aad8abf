package routercluster.policy.request

import kotlin.random.Random

/** Writes random chat bodies as clients might: odd blanks, escapes, number formats, key orders and unknown fields. */
class RandomBodies(private val random: Random) {
    fun body(): String {
        val optional =
            listOf("chat_template_kwargs", "reasoning", "reasoning_effort", "stream_options", "max_tokens", "x_unknown", "ключ", "a/b")
                .filter { random.nextBoolean() }
                .map { it to value(0) }
        val required = listOf("model" to string(1), "messages" to array(List(random.nextInt(1, 6)) { message() }))
        return blank() + obj((optional + required + listOf("stream" to pick("true", "false", "null"))).shuffled(random)) + blank()
    }

    fun message(): String {
        val content = listOf("content" to pick(string(0), "null", "\"\"", array(List(random.nextInt(0, 4)) { part() }))).filter {
            random.nextInt(6) >
                0
        }
        val role = "role" to "\"${pick("system", "developer", "user", "assistant", "tool", "critic")}\""
        val rest = listOf("name" to string(0), "tool_calls" to array(List(random.nextInt(3)) { "{}" })).filter { random.nextInt(4) == 0 }
        return obj((content + role + rest).shuffled(random))
    }

    private fun part(): String =
        if (random.nextBoolean()) {
            obj(listOf("type" to "\"text\"", "text" to pick(string(0), "\"\"")).shuffled(random))
        } else {
            obj(listOf("type" to "\"image_url\"", "image_url" to obj(listOf("url" to string(0)))).shuffled(random))
        }

    fun value(depth: Int): String =
        when (random.nextInt(if (depth < 3) 6 else 4)) {
            0 -> string(0)
            1 -> pick("1.0e2", "-0", "0.10", "12345678901234567890123", "1E-7", "42", "-1.50")
            2 -> pick("true", "false", "null")
            3 -> pick("{}", "[]", "[ ]", "{ }")
            4 -> array(List(random.nextInt(4)) { value(depth + 1) })
            else -> obj(innerKeys.filter { random.nextInt(3) == 0 }.map { it to value(depth + 1) })
        }

    fun string(lengthMin: Int): String =
        List(random.nextInt(lengthMin, 9)) {
            pick("a", "Z", " ", "\\n", "\\\"", "\\\\", "\\/", "\\u00e9", "é", "\\ud83d\\ude00", "😀", "漢", "{", "]", ",", "\\u0000")
        }.joinToString("", "\"x".take(1 + lengthMin), "\"")

    fun <T> pick(vararg from: T): T = from[random.nextInt(from.size)]

    private fun array(elements: List<String>): String = elements.joinToString(",", "[" + blank(), "]") { it + blank() }

    private fun obj(members: List<Pair<String, String>>): String =
        members.joinToString(",", "{" + blank(), "}") { (name, value) -> blank() + key(name) + blank() + ":" + blank() + value + blank() }

    /** Sometimes with its first letter written as an escape. */
    private fun key(name: String): String =
        if (random.nextInt(8) == 0) "\"\\u%04x%s\"".format(name[0].code, name.drop(1)) else "\"$name\""

    private fun blank(): String = pick("", "", "", " ", "\n", "\t ", "\r\n")

    companion object {
        val innerKeys = listOf("effort", "enable_thinking", "include_usage", "a", "b", "c")
    }
}
