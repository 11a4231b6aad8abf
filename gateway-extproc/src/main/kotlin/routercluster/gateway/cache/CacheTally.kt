package routercluster.gateway.cache

import com.fasterxml.jackson.databind.node.ArrayNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.time.Instant
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.DoubleAdder
import java.util.concurrent.atomic.LongAdder

/** Counts what the cache of this node did since it began, for operators. At most [ROWS_MAX] rows of each kind; what is beyond is not counted. */
internal class CacheTally(private val since: Instant) : Events {
    private data class Key(val decision: String, val category: String?, val outcome: String)

    private class Row {
        val count = LongAdder()
        val savedCost = DoubleAdder()
        val savedNanos = LongAdder()
        val ageMillis = LongAdder()
    }

    private val sought = ConcurrentHashMap<Key, Row>()
    private val kept = ConcurrentHashMap<Key, Row>()
    private val judged = ConcurrentHashMap<Key, Row>()

    override fun publish(event: RouterEvent) {
        if (event is RouterEvent.AnswerSought) sought(event)
        if (event is RouterEvent.AnswerKept) kept.at(Key(event.decision, null, event.outcome))?.count?.increment()
        if (event is RouterEvent.AnswerJudged) judged.at(Key(event.decision, null, event.outcome))?.count?.increment()
    }

    private fun sought(event: RouterEvent.AnswerSought) {
        val row = sought.at(Key(event.decision, event.category, event.outcome)) ?: return
        row.count.increment()
        event.saved?.let(row.savedCost::add)
        event.savedNanos?.let(row.savedNanos::add)
        event.ageNanos?.let { row.ageMillis.add(it / NANOS_PER_MILLI) }
    }

    private fun ConcurrentHashMap<Key, Row>.at(key: Key): Row? = get(key) ?: if (size < ROWS_MAX) computeIfAbsent(key) { Row() } else null

    fun tellIn(json: ObjectNode) {
        json.put("since", since.toString())
        val hits = json.putArray("hits")
        val misses = json.putArray("misses")
        for ((key, row) in sought.sorted()) {
            if (key.outcome.startsWith(HIT)) hit(hits, key, row) else count(misses, key, row).put("category", key.category)
        }
        for ((key, row) in kept.sorted()) count(json.withArray("/kept"), key, row)
        for ((key, row) in judged.sorted()) count(json.withArray("/judged"), key, row)
    }

    private fun hit(list: ArrayNode, key: Key, row: Row) {
        val count = row.count.sum()
        list
            .addObject()
            .put("decision", key.decision)
            .put("category", key.category)
            .put("kind", key.outcome.removePrefix(HIT))
            .put("count", count)
            .put("saved_cost", row.savedCost.sum())
            .put("saved_seconds", row.savedNanos.sum() / NANOS_PER_SECOND)
            .put("mean_age_seconds", if (count == 0L) null else row.ageMillis.sum() / MILLIS_PER_SECOND / count)
    }

    private fun count(list: ArrayNode, key: Key, row: Row): ObjectNode =
        list
            .addObject()
            .put("decision", key.decision)
            .put("outcome", key.outcome)
            .put("count", row.count.sum())

    private fun Map<Key, Row>.sorted() = entries.map { it.key to it.value }.sortedBy { (key, _) -> "$key" }

    private companion object {
        const val HIT = "hit_"
        const val ROWS_MAX = 2_000
        const val NANOS_PER_MILLI = 1_000_000
        const val NANOS_PER_SECOND = 1e9
        const val MILLIS_PER_SECOND = 1e3
    }
}
