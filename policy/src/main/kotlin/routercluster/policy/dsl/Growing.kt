package routercluster.policy.dsl

import routercluster.policy.config.Location

/** A mapping under way, in which lists grow. */
internal class Growing(private val source: SourceText, private val span: Span) {
    private val entries = linkedMapOf<String, Yaml>()
    private val lists = mutableMapOf<String, MutableList<Yaml>>()
    private val keys = mutableMapOf<String, Location>()

    fun put(key: String, value: Yaml) {
        entries[key] = value
        lists -= key
    }

    fun text(key: String, value: String, span: Span) = put(key, Yaml.text(value, source.location(span.start)))

    fun putAll(fields: List<Field>, name: (String) -> String = { it }) =
        fields.forEach {
            put(name(it.key.text), yaml(it.value, source))
            keys[name(it.key.text)] = source.location(it.key.span.start)
        }

    /** Puts [item] behind what the list [key] holds. */
    fun add(key: String, item: Yaml) {
        val first = entries.getOrPut(key) { Yaml.Sequence(emptyList(), item.at) }
        lists.getOrPut(key) { (first as? Yaml.Sequence)?.items.orEmpty().toMutableList() } += item
    }

    /** Changes the mapping [key]. */
    fun within(key: String, change: Growing.() -> Unit) {
        val inner = Growing(source, span)
        (entries[key] as? Yaml.Mapping)?.let(inner::takeOver)
        put(key, inner.apply(change).done())
    }

    private fun takeOver(mapping: Yaml.Mapping) {
        entries += mapping.entries
        keys += mapping.keys
    }

    fun done(): Yaml.Mapping {
        val grown = entries.mapValues { (key, value) -> lists[key]?.let { Yaml.Sequence(it, value.at) } ?: value }
        return Yaml.Mapping(grown, source.location(span.start), keys)
    }
}
