package routercluster.policy.config.format

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.ints.shouldBeGreaterThan
import org.junit.jupiter.api.Test
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.raw.readPolicy
import routercluster.policy.config.readDocument
import routercluster.policy.signals.signalFamilies

/** Whatever is described as not built is noted where a file asks for it, and whatever is described as refused is refused by name. */
class AskedForTest {
    /** A document that asks for one thing, at [path]. */
    private class Asked(val path: String, val text: String, val feature: Feature)

    /** A word that the seed knows and this program refuses, at [path]. */
    private class Refused(val path: String, val text: String, val word: String)

    private val asked = mutableListOf<Asked>()
    private val refused = mutableListOf<Refused>()

    init {
        walk(rootFormat, "") { it }
    }

    /** @param around puts a mapping as flow YAML into the document that it belongs in */
    private fun walk(fields: Fields, path: String, around: (String) -> String) {
        val chosenBy = fields.cases?.by
        fields.all.filter { it.key != chosenBy }.forEach { walk(it, if (path.isEmpty()) it.key else "$path.${it.key}", around) }
        fields.cases?.let { cases ->
            cases.byValue.forEach { (value, case) ->
                val slot = cases.slot ?: value
                val text = around("{${cases.by}: $value, $slot: ${switchedOn(case.fields)}}")
                (case.status as? Status.NotBuilt)?.let { asked += Asked("$path.${cases.by}", text, it.feature) }
                walk(case.fields, "$path.$slot") { around("{${cases.by}: $value, $slot: $it}") }
            }
        }
    }

    private fun walk(field: Field, path: String, around: (String) -> String) {
        val kind = field.kind

        fun within(value: String) = around("{${field.key}: $value}")
        (field.status as? Status.NotBuilt)?.let { asked += Asked(path, within(on(kind)), it.feature) }
        if (kind is Kind.Choice) {
            kind.notBuilt.forEach { (word, feature) -> asked += Asked(path, within(word), feature) }
            kind.refused.forEach { refused += Refused(path, within(it), it) }
        }
        if (kind is Kind.Part) walk(kind.fields, path, ::within)
        if (kind is Kind.Parts) walk(kind.fields, "$path[0]") { within("[$it]") }
        val named = ((kind as? Kind.Named)?.value as? Kind.Part)?.fields
        if (named != null) walk(named, "$path.one") { within("{one: $it}") }
    }

    /** A value of [kind] that switches on what it is for. */
    private fun on(kind: Kind): String =
        when (kind) {
            is Kind.Part -> switchedOn(kind.fields)
            is Kind.Parts -> "[${switchedOn(kind.fields)}]"
            is Kind.Texts, Kind.TextLists -> "[x]"
            is Kind.Choice -> kind.words.first()
            is Kind.Whole, is Kind.Number -> "1"
            Kind.Flag -> "true"
            else -> "x"
        }

    private fun switchedOn(fields: Fields): String {
        val switch = fields.off?.let { (key, off) -> key to (fields[key].kind as Kind.Choice).words.first { it != off } }
        val enabled = fields.all.firstOrNull { it.key == "enabled" }?.let { "enabled" to "true" }
        return listOfNotNull(switch, enabled).joinToString(", ", "{", "}") { (key, value) -> "$key: $value" }
    }

    private fun read(text: String): Problems {
        val problems = Problems()
        readDocument("{version: v0.3, ${text.removePrefix("{")}", "p.yaml", { null }, problems)?.let { readPolicy(it, signalFamilies) }
        return problems
    }

    @Test
    fun `what is not built is noted`() {
        asked.size shouldBeGreaterThan 50
        assertSoftly {
            asked.forEach { ask ->
                val noted = read(ask.text).inactive.map { "${it.feature} ${it.at.path}" }
                withClue(ask.text) { noted shouldContain "${ask.feature} ${ask.path}" }
            }
        }
    }

    @Test
    fun `every feature is described somewhere`() {
        // What depends on files, not on what is written.
        val elsewhere = setOf(Feature.ABSENT_CLASSIFIER, Feature.ABSENT_SELECTOR)
        assertSoftly {
            (Feature.entries - elsewhere).forEach { feature -> asked.map { it.feature } shouldContain feature }
        }
    }

    @Test
    fun `what is refused is refused by its name`() {
        refused.size shouldBeGreaterThan 4
        assertSoftly {
            refused.forEach { refusal ->
                val said = read(refusal.text).all.map { "${it.at.path}: ${it.message} ${it.value}" }
                withClue(refusal.text) { said shouldContain "${refusal.path}: ${Section.NOT_SUPPORTED_YET} ${refusal.word}" }
            }
        }
    }
}
