package routercluster.policy.config.format

/**
 * A step on the way from the root of a document to a mapping in it.
 *
 * @property key what the mapping stands under, or the list that holds it
 * @property words plain values of the mapping by their keys: some decide which further keys it may have
 */
class Step(val key: String, val words: Map<String, String> = emptyMap())

/** A key of the format at some place, with what is known of it there. */
class Described(val entry: Field, val status: Status) {
    /** What the value may be, where that is one of a few words; else empty. */
    val words: List<String>
        get() =
            when (val kind = entry.kind) {
                is Kind.Choice -> kind.accepted
                is Kind.Texts -> kind.words.orEmpty()
                is Kind.Flag -> listOf("true", "false")
                is Kind.Whole -> listOfNotNull(kind.word)
                is Kind.Text, is Kind.Number, is Kind.Time, is Kind.Size, is Kind.Numbers, Kind.TextLists -> emptyList()
                is Kind.Part, is Kind.Parts, is Kind.Named, is Kind.Same, Kind.Anything -> emptyList()
            }

    /** Whether the value is a mapping or a list of them. */
    val holdsKeys: Boolean
        get() =
            when (entry.kind) {
                is Kind.Part, is Kind.Parts, is Kind.Named, is Kind.Same, Kind.Anything -> true
                is Kind.Texts, is Kind.Numbers, Kind.TextLists, is Kind.Text, Kind.Flag, is Kind.Whole -> false
                is Kind.Number, is Kind.Time, is Kind.Size, is Kind.Choice -> false
            }

    val isList: Boolean
        get() =
            when (val kind = entry.kind) {
                is Kind.Parts, is Kind.Texts, is Kind.Numbers, Kind.TextLists -> true
                is Kind.Same -> kind.list
                is Kind.Part, is Kind.Named, Kind.Anything, is Kind.Text, Kind.Flag, is Kind.Whole -> false
                is Kind.Number, is Kind.Time, is Kind.Size, is Kind.Choice -> false
            }

    /** Type, unit, default and what is accepted, in one line. */
    val shape: String
        get() =
            listOfNotNull(
                typeOf(entry.kind) + entry.unit?.let { " in $it" }.orEmpty(),
                if (entry.required) "required" else entry.default?.let { "$it by default" },
                valuesOf(entry.kind).replace("`", "").ifEmpty { null },
            ).joinToString("; ")

    /** Whether it works yet, in one line. */
    val standing: String
        get() =
            when (val status = status) {
                is Status.NotBuilt -> "inactive: ${status.feature.label} is not built yet, ${status.feature.without}"
                Status.Works, Status.Note -> statusOf(status)
            }
}

/** The keys that may stand in the mapping to which [way] leads; none where the format has no such mapping. */
fun keysAt(way: List<Step>, words: Map<String, String> = emptyMap()): List<Described> {
    val root: Spot? = Spot(Kind.Part(rootFormat), Status.Works, words)
    return way.fold(root) { spot, step -> spot?.below(step) }?.keys().orEmpty()
}

private class Spot(private val kind: Kind, private val status: Status, private val words: Map<String, String>) {
    /** The author's own keys are in no description: every one leads to the same. */
    fun below(step: Step): Spot? =
        if (kind is Kind.Named) {
            Spot(kind.value, status, step.words)
        } else {
            keys().firstOrNull { it.entry.key == step.key }?.let { Spot(it.entry.kind, it.status, step.words) }
        }

    fun keys(): List<Described> =
        when (kind) {
            is Kind.Part -> keys(kind.fields)
            is Kind.Parts -> keys(kind.fields)
            is Kind.Same -> keys(formatAt(kind.path))
            is Kind.Named, is Kind.Text, Kind.Flag, is Kind.Whole, is Kind.Number, is Kind.Time, is Kind.Size -> emptyList()
            is Kind.Choice, is Kind.Texts, is Kind.Numbers, Kind.TextLists, Kind.Anything -> emptyList()
        }

    private fun keys(fields: Fields): List<Described> {
        val own = fields.all.map { Described(it, it.status ?: status) }
        val cases = fields.cases ?: return own
        val value = words[cases.by] ?: return own
        val case = cases.byValue[value] ?: return own
        return own + Described(Field(cases.slot ?: value, Kind.Part(case.fields), case.meaning), case.status ?: status)
    }
}

/** What [Kind.Same] stands for. */
private fun formatAt(path: String): Fields =
    when (path) {
        RULE_PATH -> ruleFormat
        ALGORITHM_PATH -> algorithmFormat
        else -> routingFormat
    }
