package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.request.Facts

/** A rule of `routing.signals.events` as written. Every list that is not empty is a criterion, and so is [temporal]. */
data class RawEvent(
    override val name: String,
    override val at: Location,
    val description: String?,
    val eventTypes: List<String>,
    val severities: List<String>,
    val severitiesAt: Location,
    val actionCodes: List<String>,
    val temporal: Boolean,
) : RawSignal {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val before = problems.all.size
        severities.forEachIndexed { index, severity ->
            if (severity.trim().lowercase() !in knownSeverities) {
                problems.add(severitiesAt.item(index), "unknown value", severity, knownSeverities.joinToString())
            }
        }
        val criteria =
            listOf(
                Criterion("event_types", eventTypes),
                Criterion("severities", severities),
                Criterion("action_codes", actionCodes),
                Criterion("temporal", if (temporal) temporalMarkers else emptyList()),
            ).map { criterion -> criterion.copy(markers = criterion.markers.filter { it.isNotBlank() }) }.filter { it.markers.isNotEmpty() }
        if (criteria.isEmpty()) problems.add(at, "has no criterion", accepted = "event_types, severities, action_codes or temporal: true")
        if (criteria.sumOf { it.markers.size } >
            MARKERS_MAX
        ) {
            problems.add(at, "has too many entries", accepted = "at most $MARKERS_MAX in all")
        }
        return if (problems.all.size == before) EventSignal(name, criteria) else null
    }

    companion object {
        const val MARKERS_MAX = 1_000
        private val knownSeverities = listOf("critical", "high", "medium", "low")
        private val temporalMarkers =
            listOf("urgent", "immediate", "asap", "deadline", "time sensitive", "time-sensitive", "now", "critical window")

        fun read(section: Section): RawEvent =
            RawEvent(
                name = section.requiredString("name"),
                at = section.here,
                description = section.string("description"),
                eventTypes = section.strings("event_types"),
                severities = section.strings("severities"),
                severitiesAt = section.at("severities"),
                actionCodes = section.strings("action_codes"),
                temporal = section.boolean("temporal") ?: false,
            ).also { section.close() }
    }
}

/** One thing an event rule asks for: any of [markers], as whole words in either case. */
internal data class Criterion(val name: String, val markers: List<String>)

/**
 * Looks for the marks of an event in the newest user message. It matches when any criterion does, with confidence
 * `0.5 + 0.5 * matched / criteria`; the value is the number of criteria that matched.
 */
internal class EventSignal(name: String, private val criteria: List<Criterion>, given: Lookout? = null) : PhraseReader {
    private val starts = criteria.runningFold(0) { start, criterion -> start + criterion.markers.size }
    override val phrases = criteria.flatMap { it.markers }.map { Phrase(it, caseSensitive = false) }
    private val lookout = given ?: Lookout.alone(phrases)

    override val ref = SignalRef("event", name)
    override val cost = Cost.SCAN

    override fun by(lookout: Lookout): Signal = EventSignal(ref.name, criteria, lookout)

    override fun read(facts: Facts): Reading {
        val seen = lookout.look(facts)
        val held = criteria.filterIndexed { index, _ -> (starts[index] until starts[index + 1]).any(seen::has) }
        val confidence = if (held.isEmpty()) 0.0 else 0.5 + 0.5 * held.size / criteria.size
        return Reading.Seen(held.isNotEmpty(), confidence, held.size.toDouble(), held.map { it.name })
    }
}
