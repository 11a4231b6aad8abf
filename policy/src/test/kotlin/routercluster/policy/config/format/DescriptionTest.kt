package routercluster.policy.config.format

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import org.junit.jupiter.api.Test
import routercluster.policy.catalog.FakeFiles
import routercluster.policy.config.PolicyOutcome
import routercluster.policy.config.Problem
import routercluster.policy.config.provePolicy
import java.nio.file.Files
import java.nio.file.Path

/**
 * The description of the format and the readers agree. A document is made from the description that has every mapping, each with a
 * key that nobody knows; a reader then says which keys it would have taken.
 */
class DescriptionTest {
    @Test
    fun `readers take exactly the keys that are described`() {
        val seen = mutableSetOf<String>()
        assertSoftly {
            repeat(CASES_MAX) { round ->
                val document = Sample(round)
                val yaml = document.of(rootFormat, "")
                val taken = problems(yaml).filter { it.value == STRANGER && it.message == "unknown key" }.associate {
                    it.at.path.removeSuffix(".$STRANGER") to
                        it.accepted
                }
                document.keys.forEach { (path, keys) ->
                    seen += path
                    val expected = keys.sorted().joinToString(", ").ifEmpty { "no key" }
                    withClue("$path, round $round") { taken[path.ifEmpty { STRANGER }] shouldBe expected }
                }
            }
        }
        seen.size shouldBeGreaterThan 100
    }

    private fun problems(yaml: String): List<Problem> =
        when (val outcome = provePolicy(yaml, "p.yaml", { null }, files = FakeFiles())) {
            is PolicyOutcome.Proven -> emptyList()
            is PolicyOutcome.Refused -> outcome.problems
        }

    @Test
    fun `the reference is made from the description`() {
        val folders = generateSequence(Path.of("").toAbsolutePath()) { it.parent }
        val file = folders.map { it.resolve("docs/config-reference.md") }.first(Files::exists)
        if (System.getenv("UPDATE_REFERENCE") != null) Files.writeString(file, configReference())
        withClue("$file is not what the description says: run this test with UPDATE_REFERENCE=1") {
            Files.readString(file) shouldBe configReference()
        }
    }

    @Test
    fun `meanings are sentences, and defaults lie among what is accepted`() {
        val fields = everyField(rootFormat)
        assertSoftly {
            fields.forEach { withClue(it.key) { it.meaning shouldEndWith "." } }
            val wrong = fields.filter { field ->
                val default = field.default
                val kind = field.kind
                when {
                    default == null -> false
                    kind is Kind.Choice -> default !in kind.accepted && '.' !in default
                    kind is Kind.Flag -> default != "true" && default != "false"
                    kind is Kind.Whole -> default != kind.word && default.toInt() !in kind.range
                    kind is Kind.Number -> default.toDouble() !in kind.range
                    else -> false
                }
            }
            wrong.map { it.key }.shouldBeEmpty()
        }
    }

    private fun everyField(fields: Fields): List<Field> {
        val cases = fields.cases
            ?.byValue
            ?.values
            .orEmpty()
            .flatMap { everyField(it.fields) }
        return fields.all + fields.all.flatMap { below(it.kind) } + cases
    }

    private fun below(kind: Kind): List<Field> =
        when (kind) {
            is Kind.Part -> everyField(kind.fields)
            is Kind.Parts -> everyField(kind.fields)
            is Kind.Named -> below(kind.value)
            else -> emptyList()
        }

    /** A document as flow YAML. Of cases it takes the [round]th, of those that there are. */
    private class Sample(private val round: Int) {
        /** Described keys by the path of their mapping. */
        val keys = linkedMapOf<String, Set<String>>()

        fun of(fields: Fields, path: String): String {
            val form = formsOf(path)?.let { it[round % it.size] }
            return if (form == null) written(fields, path) else written(Fields(fields.all.filter { it.key !in form.without }), path, form)
        }

        private fun formsOf(path: String) = forms.entries.firstOrNull { (end, _) -> path.endsWith(end) }?.value

        private fun written(fields: Fields, path: String, form: Form = Form()): String {
            val case = fields.cases?.let { cases -> cases.byValue.keys.toList()[round % cases.byValue.size] }
            val slot = fields.cases?.let { it.slot ?: case }
            keys[path] = fields.all.mapTo(mutableSetOf()) { it.key } + setOfNotNull(slot)
            val others = fields.all.filterNot { it.key in form.entry }
            val entries =
                form.entry.map { "${it.key}: ${it.value}" } +
                    others.mapNotNull { field -> value(field, child(path, field.key), fields.cases, case)?.let { "${field.key}: $it" } }
            val cased = case?.let {
                "$slot: ${of(
                    checkNotNull(fields.cases).byValue.getValue(it).fields,
                    child(path, checkNotNull(slot)),
                )}"
            }
            return (entries + listOfNotNull(cased) + "$STRANGER: 1").joinToString(", ", "{", "}")
        }

        private fun child(path: String, key: String) = if (path.isEmpty()) key else "$path.$key"

        private fun value(field: Field, path: String, cases: Cases?, case: String?): String? =
            when (val kind = field.kind) {
                is Kind.Part -> of(kind.fields, path)
                is Kind.Parts -> "[${of(kind.fields, "$path[0]")}]"
                is Kind.Named -> (kind.value as? Kind.Part)?.let { "{one: ${of(it.fields, "$path.one")}}" }
                is Kind.Choice -> if (field.key == cases?.by) case else kind.words.first().takeIf { field.required }
                is Kind.Text -> "x".takeIf { field.required }
                else -> null
            }
    }

    /**
     * A mapping that has more than one form, and which keys a reader takes in it.
     *
     * @property entry what makes it this form
     */
    private class Form(val entry: Map<String, String> = emptyMap(), val without: Set<String> = emptySet())

    private companion object {
        val condition = setOf("type", "name", "label", "predicate", "on_error")
        val rule = listOf(Form(mapOf("type" to "x"), setOf("operator", "conditions")), Form(without = condition))
        val local =
            gatewayFormat["encoders"]
                .let { it.kind as Kind.Parts }
                .fields.all
                .map { it.key } - setOf("name", "remote", "serves", "timeout")

        /** By the end of a path. */
        val forms =
            mapOf(
                ".rules" to rule,
                ".composer" to rule,
                ".inputs[0]" to listOf(Form(mapOf("type" to "kb_metric")), Form(mapOf("type" to "embedding"), setOf("kb", "metric"))),
                "gateway.encoders[0]" to listOf(Form(without = local.toSet()), Form(mapOf("remote" to "~"))),
            )
        const val STRANGER = "stranger"

        /** As many as the algorithms. */
        const val CASES_MAX = 17
    }
}
