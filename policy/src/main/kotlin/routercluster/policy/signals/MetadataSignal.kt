package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.request.Facts

/** A rule of `routing.signals.metadata` as written; exactly one of [equalTo], [oneOf] and [exists] is to be set. */
data class RawMetadata(
    override val name: String,
    override val at: Location,
    val description: String?,
    val key: String,
    val equalTo: String?,
    val oneOf: List<String>?,
    val exists: Boolean?,
    val predicateAt: Location,
) : RawSignal {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val tests = listOfNotNull(equalTo?.let(::setOf), oneOf?.toSet(), exists?.let { emptySet() })
        if (tests.size != 1) {
            problems.add(predicateAt, "needs one comparison", "${tests.size} comparisons", "exactly one of equals, in, exists")
            return null
        }
        if (oneOf?.isEmpty() ==
            true
        ) {
            problems.add(predicateAt.copy(path = "${predicateAt.path}.in"), "is empty", accepted = "at least one value")
        }
        if (key.isEmpty() || oneOf?.isEmpty() == true) return null
        return MetadataSignal(name, key, accepted = tests.single().takeIf { exists == null }, present = exists ?: true)
    }

    companion object {
        fun read(section: Section): RawMetadata {
            val predicate = section.section("predicate")
            return RawMetadata(
                name = section.requiredString("name"),
                at = section.here,
                description = section.string("description"),
                key = section.requiredString("key"),
                equalTo = predicate?.string("equals"),
                oneOf = predicate?.takeIf { it.has("in") }?.strings("in"),
                exists = predicate?.boolean("exists"),
                predicateAt = section.at("predicate"),
            ).also {
                predicate?.close(listOf("equals", "in", "exists"))
                section.close()
            }
        }
    }
}

/**
 * Compares one entry of the request's `metadata`; names and values match by case. The value is 1 where the entry is there and 0
 * where not.
 *
 * @property accepted null accepts any value
 * @property present whether the entry is to be there
 */
internal class MetadataSignal(
    name: String,
    private val key: String,
    private val accepted: Set<String>?,
    private val present: Boolean,
) : Signal {
    override val ref = SignalRef("metadata", name)
    override val cost = Cost.FIELD

    override fun read(facts: Facts): Reading {
        val value = facts.metadata[key]
        val matched = if (value == null) !present else present && (accepted == null || value in accepted)
        return Reading.Seen(matched, if (matched) 1.0 else 0.0, if (value == null) 0.0 else 1.0, if (matched) listOf(key) else emptyList())
    }
}
