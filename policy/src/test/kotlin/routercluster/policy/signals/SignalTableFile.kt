package routercluster.policy.signals

import org.snakeyaml.engine.v2.api.LoadSettings
import org.snakeyaml.engine.v2.api.lowlevel.Compose
import org.snakeyaml.engine.v2.nodes.MappingNode
import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Problem
import routercluster.policy.config.Problems
import routercluster.policy.config.Section

/** A test table: rules in YAML, a line `---`, then rows `rule | input | expected`. */
internal class SignalTableFile(val signals: Map<String, Signal>, val rows: List<Row>) {
    class Row(val rule: String, val input: String, val expected: String)

    companion object {
        /** @param ready whether learned signals have the vectors of their exemplars */
        fun read(family: String, ready: Boolean = true): SignalTableFile {
            val text = checkNotNull(SignalTableFile::class.java.getResource("/signals/$family.table")).readText()
            val (rules, rows) = text.split("\n---\n")
            val signals = prove(family, rules).getOrThrow().map { if (ready && it is LearnedSignal) it.ready() else it }
            return SignalTableFile(signals.associateBy { it.ref.name }, rows.lines().filter { it.isNotBlank() }.map(::row))
        }

        private fun row(line: String): Row {
            val (rule, input, expected) = line.split('|').map { it.trim() }
            return Row(rule, input, expected)
        }
    }
}

/** The signals of a YAML list of rules, or its problems as the failure. */
internal fun prove(type: String, rules: String, catalog: Catalog = ToyEncoder.catalog): Result<List<Signal>> {
    val problems = Problems()
    val signals = readAndProve(type, "rules:\n$rules", listOf("rules"), problems, catalog)
    return if (problems.none) {
        Result.success(signals)
    } else {
        Result.failure(IllegalArgumentException(problems.all.joinToString("\n", transform = Problem::toString)))
    }
}

/** Reads the list of rules at [path] of a document. Learned signals know one another. */
internal fun readAndProve(
    type: String,
    document: String,
    path: List<String>,
    problems: Problems,
    catalog: Catalog = ToyEncoder.catalog,
): List<Signal> {
    val root = Compose(LoadSettings.builder().build()).composeString(document).orElseThrow() as MappingNode
    var section: Section? = Section(root, "test", "", problems)
    for (key in path.dropLast(1)) section = section?.section(key)
    val family = signalFamilies.single { it.type == type }
    val proven =
        section
            ?.sections(path.last())
            .orEmpty()
            .map(family.read)
            .mapNotNull { it.prove(catalog, problems) }
    val learned = proven.filterIsInstance<LearnedSignal>()
    return proven.map { if (it is LearnedSignal) it.among(learned) else it }
}
