package routercluster.gateway.pipeline

import com.fasterxml.jackson.core.JsonPointer
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import com.google.re2j.Pattern
import com.google.re2j.PatternSyntaxException
import com.networknt.schema.JsonSchemaFactory
import com.networknt.schema.SchemaId
import com.networknt.schema.SchemaLocation
import com.networknt.schema.SchemaValidatorsConfig
import com.networknt.schema.SpecVersion
import com.networknt.schema.regex.RegularExpression

/**
 * Whether answers follow the JSON Schema, draft 2020-12, that their request gave. The schema is a stranger's: nothing is fetched for it, its
 * patterns run in linear time, and what checking it could cost is counted before it is done. What goes beyond that is not known.
 */
internal object AnswerSchema {
    private val factory = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
    private val config: SchemaValidatorsConfig =
        SchemaValidatorsConfig
            .builder()
            .failFast(true)
            .regularExpressionFactory { text -> Pattern.compile(text).let { pattern -> RegularExpression { pattern.matcher(it).find() } } }
            .build()

    private val dialect = factory.getSchema(SchemaLocation.of(SchemaId.V202012))

    /** Null where [schema] is not to be checked: see [costOf], or it is no schema. */
    fun follows(schema: JsonNode, answer: JsonNode): Boolean? {
        val own = (schema as? ObjectNode)?.deepCopy()?.apply { remove(DIALECT) } ?: return null
        val cost = costOf(own) ?: return null
        val values = sizeOf(answer, DEPTH_MAX) ?: return null
        if (cost.toLong() * values > STEPS_MAX) return null
        return try {
            if (dialect.validate(own).isNotEmpty()) return null
            factory.getSchema(own, config).validate(answer).isEmpty()
        } catch (_: RuntimeException) {
            // The library's own errors.
            null
        }
    }

    /**
     * How many values [schema] has where every reference is replaced by what it refers to; so many are looked at for a value of the answer at
     * most. Null for one that refers to itself or to anything outside, is too deep or too large, or has a word in [beyond].
     */
    private fun costOf(schema: JsonNode): Int? = Cost(schema).of(schema, emptyList(), DEPTH_MAX)

    private class Cost(private val root: JsonNode) {
        fun of(node: JsonNode, within: List<String>, depth: Int): Int? {
            if (depth == 0 || beyond.any(node::has) || !patternsOf(node).all(::isLinear)) return null
            val ref = node.get(REF)
            val referred = if (ref == null) 0 else referred(ref, within, depth) ?: return null
            var sum = 1 + referred
            for (child in node) {
                sum += of(child, within, depth - 1) ?: return null
                if (sum > SCHEMA_VALUES_MAX) return null
            }
            return sum
        }

        private fun patternsOf(node: JsonNode): List<String> =
            listOfNotNull(node.get("pattern")?.textValue()) +
                (
                    node
                        .get("patternProperties")
                        ?.fieldNames()
                        ?.asSequence()
                        ?.toList()
                        .orEmpty()
                )

        /** Asked here, since the library writes a pattern that it cannot compile into its log. */
        private fun isLinear(pattern: String): Boolean =
            try {
                Pattern.compile(pattern)
                true
            } catch (_: PatternSyntaxException) {
                false
            }

        private fun referred(ref: JsonNode, within: List<String>, depth: Int): Int? {
            val to = ref.textValue()?.takeIf { it.startsWith("#/") && it !in within } ?: return null
            return of(root.at(JsonPointer.compile(to.drop(1))), within + to, depth - 1)
        }
    }

    private fun sizeOf(value: JsonNode, depth: Int): Int? {
        if (depth == 0) return null
        return 1 + value.sumOf { sizeOf(it, depth - 1) ?: return null }
    }

    private const val REF = "\$ref"
    private const val DIALECT = "\$schema"

    /** What refers in other ways, and what may take the square of an answer's length. */
    private val beyond = listOf("\$id", "\$anchor", "\$dynamicRef", "\$recursiveRef", "\$schema", "uniqueItems")
    private const val DEPTH_MAX = 64
    private const val SCHEMA_VALUES_MAX = 10_000
    private const val STEPS_MAX = 200_000L
}
