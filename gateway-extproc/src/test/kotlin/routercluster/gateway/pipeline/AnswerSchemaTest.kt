package routercluster.gateway.pipeline

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class AnswerSchemaTest {
    private val mapper = ObjectMapper()

    private fun follows(schema: String, answer: String) = AnswerSchema.follows(mapper.readTree(schema), mapper.readTree(answer))

    @Test
    fun `answers are told by what the schema says`() {
        val person =
            """
            {"${'$'}schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
             "required": ["name", "age"],
             "properties": {"name": {"type": "string", "pattern": "^[A-Z]"}, "age": {"type": "integer", "minimum": 0},
                            "home": {"${'$'}ref": "#/${'$'}defs/place"}},
             "${'$'}defs": {"place": {"anyOf": [{"type": "null"}, {"type": "object", "required": ["city"]}]}}}
            """.trimIndent()
        val rows = listOf(
            """{"name": "Ann", "age": 7}""" to true,
            """{"name": "Ann", "age": 7, "home": {"city": "Bern"}}""" to true,
            """{"name": "Ann", "age": 7, "home": {}}""" to false,
            """{"name": "ann", "age": 7}""" to false,
            """{"name": "Ann", "age": -1}""" to false,
            """{"name": "Ann", "age": 1.5}""" to false,
            """{"name": "Ann"}""" to false,
            """{"name": "Ann", "age": 7, "more": 1}""" to false,
            "[]" to false,
        )
        rows.forEach { (answer, expected) -> withClue(answer) { follows(person, answer) shouldBe expected } }
    }

    @Test
    fun `a schema that fetches, goes round, explodes or is none is not checked`() {
        val doubling = (0..30).joinToString {
            """"d$it": {"allOf": [{"${'$'}ref": "#/${'$'}defs/d${it + 1}"}, {"${'$'}ref": "#/${'$'}defs/d${it + 1}"}]}"""
        }
        val rows = listOf(
            """{"${'$'}ref": "http://127.0.0.1:1/schema.json"}""",
            """{"${'$'}ref": "file:///etc/passwd"}""",
            """{"${'$'}id": "http://127.0.0.1:1/", "type": "object"}""",
            """{"${'$'}ref": "#"}""",
            """{"allOf": [{"${'$'}ref": "#/${'$'}defs/a"}], "${'$'}defs": {"a": {"${'$'}ref": "#/${'$'}defs/a"}}}""",
            """{"${'$'}ref": "#/${'$'}defs/d0", "${'$'}defs": {$doubling, "d31": {}}}""",
            """{"type": "string", "pattern": "(?=a)b"}""",
            """{"type": "object", "properties": {"a": ${"{\"items\":".repeat(80)}{}${"}".repeat(80)}}}""",
            """{"uniqueItems": true}""",
            """{"type": 7}""",
            "[]",
        )
        rows.forEach { schema -> withClue(schema) { follows(schema, "\"b\"").shouldBeNull() } }
    }

    @Test
    fun `a pattern that backtracks elsewhere runs in linear time`() {
        follows("""{"pattern": "^(a+)+${'$'}"}""", "\"${"a".repeat(50_000)}b\"") shouldBe false
    }

    @Test
    fun `an answer of too many values is not checked`() {
        follows("""{"items": {"type": "integer"}}""", (1..150_000).joinToString(",", "[", "]")).shouldBeNull()
        follows("""{"items": {"type": "integer"}}""", (1..10_000).joinToString(",", "[", "]")) shouldBe true
    }
}
