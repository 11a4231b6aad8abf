package routercluster.silo.contracts

/**
 * One class that others read.
 *
 * @property kind what it is: see [Contract.HEAD]
 * @property format of a kept state; null for anything else
 * @property fields of a class by name; the constants of an enum and the cases of a choice by themselves
 */
internal data class Entry(val kind: String, val name: String, val format: Int?, val fields: Map<String, Field>) {
    fun lines(): List<String> {
        val title = listOfNotNull(kind, name, format?.let { "format $it" }).joinToString(" ")
        return listOf(title) + fields.map { (name, field) -> "  $name${field.text()}" }
    }
}

/**
 * @property type with its nullability; null for a constant of an enum
 * @property default that is read where the field is absent, as text; null where it has to be there
 */
internal data class Field(val type: String?, val default: String? = null) {
    fun text(): String = type?.let { ": $it" }.orEmpty() + default?.let { " = $it" }.orEmpty()
}

/**
 * All that nodes of different versions have to agree on.
 *
 * @property written version of the wire
 * @property oldestRead that is understood
 */
internal data class Contract(val written: Int, val oldestRead: Int, val entries: List<Entry>) {
    private val byName = entries.associateBy { it.name }

    fun text(): String =
        HEAD + "wire writes $written, reads from $oldestRead\n\n" + entries.joinToString("\n\n") { it.lines().joinToString("\n") } + "\n"

    /**
     * What a node of [older] could not read, by the rules of this contract and without a new number that would have told it: empty where
     * both can work together.
     */
    fun breaks(older: Contract): List<String> =
        older.entries.flatMap { before ->
            val changes = changes(before, byName[before.name])
            val added = added(before, byName[before.name])
            val wire = if (written > older.written || !older.isOnWire(before.name)) emptyList() else changes
            val kept = older.keptWith(before.name).filter { (byName[it.name]?.format ?: 0) <= (it.format ?: 0) }
            wire.map { "$it: WireVersion.WRITTEN must be more than ${older.written}" } +
                kept.flatMap { state -> (changes + added).map { "$it: the format of ${state.name} must be more than ${state.format}" } }
        }

    private fun isOnWire(name: String) = entries.any { it.kind == MESSAGE && name in closure(it) }

    private fun keptWith(name: String): List<Entry> = entries.filter { it.kind == KEPT && name in closure(it) }

    private fun closure(root: Entry): Set<String> {
        val found = linkedSetOf<String>()
        val open = ArrayDeque(listOf(root.name))
        while (open.isNotEmpty()) {
            val entry = open.removeFirst().takeIf(found::add)?.let(byName::get) ?: continue
            val words = entry.fields.flatMap { (name, field) -> names.findAll("$name ${field.type}").map { it.value } }
            open += words.filter { it in byName }
        }
        return found
    }

    companion object {
        const val MESSAGE = "message"
        const val KEPT = "kept"
        const val ENUM = "enum"
        const val CHOICE = "choice"
        const val PART = "part"

        private val names = Regex("[A-Za-z][A-Za-z0-9.]*")
        private val title = Regex("""(\w+) (\S+)(?: format (\d+))?""")
        private val line = Regex("""  ([^:=\s]+)(?:: (.*?))?(?: = (.*))?""")
        private val versions = Regex("""wire writes (\d+), reads from (\d+)""")

        private val HEAD =
            """
            # What travels between nodes, and what grains keep on disk or in Redis. Made from the classes by ContractsTest in silo, which fails
            # when they and this file differ: UPDATE_CONTRACTS=1 writes it anew, unless an older node could not read what is new. Read what changes.
            #
            # message  sent from node to node, as Jackson CBOR. Unknown fields are ignored; new ones need a default. Anything else takes a new
            #          WireVersion, in two releases: the first reads the new form and writes the old one.
            # kept     a state: one byte with its format, then Jackson CBOR without nulls. Unknown fields are refused, so that nobody saves what
            #          it has read half: any change takes a new format of its StateCodec, which reads the older ones.
            #          Besides, the store holds decision records as JSON, read field by field, and the secret of replay ids as its bytes.
            # part     of one or both of these. choice: one of several parts, told by its name. enum: any change is one that older nodes cannot read.


            """.trimIndent()

        /** @throws IllegalStateException for a text that [text] has not made */
        fun parse(text: String): Contract {
            val lines = text.lines().filterNot { it.startsWith("#") || it.isBlank() }
            val (written, oldest) = checkNotNull(versions.matchEntire(lines.first())) { "no versions: ${lines.first()}" }.destructured
            val entries = mutableListOf<Entry>()
            for (each in lines.drop(1)) {
                if (each.startsWith(" ")) {
                    val (name, type, default) = checkNotNull(line.matchEntire(each)) { "no field: $each" }.groups.drop(1).map { it?.value }
                    val last = entries.removeLast()
                    entries += last.copy(fields = last.fields + (checkNotNull(name) to Field(type, default)))
                } else {
                    val (kind, name, format) = checkNotNull(title.matchEntire(each)) { "no class: $each" }.destructured
                    entries += Entry(kind, name, format.toIntOrNull(), emptyMap())
                }
            }
            return Contract(written.toInt(), oldest.toInt(), entries)
        }

        /** What became of [before] that an older reader cannot bear. */
        private fun changes(before: Entry, now: Entry?): List<String> {
            if (now == null) return listOf("${before.name} is gone")
            if (now.kind != before.kind) return listOf("${before.name} is no ${before.kind} any more")
            val gone = before.fields.keys - now.fields.keys
            val strange = (now.fields.keys - before.fields.keys).filter { now.fields.getValue(it).default == null }
            val other = before.fields.filter { (name, field) -> now.fields[name]?.let { !it.isReadAs(field) } ?: false }.keys
            return gone.map { "${before.name} has lost $it" } + strange.map { "${before.name} has a new $it that has to be there" } +
                other.map { "${before.name} has another $it" }
        }

        private fun Field.isReadAs(older: Field) = type == older.type && (older.default == null || older.default == default)

        /** What is new and need not be there. */
        private fun added(before: Entry, now: Entry?): List<String> =
            now
                ?.fields
                .orEmpty()
                .filter { (name, field) -> name !in before.fields && field.default != null }
                .map { "${before.name} has a new ${it.key}" }
    }
}
