package routercluster.policy.cache

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import java.security.MessageDigest
import java.time.DateTimeException
import java.time.Instant
import java.util.HexFormat

/** What operators do to the cache. */
enum class CacheAction {
    INVALIDATE,
    FLUSH,
    EXPORT,
    WARM_UP,

    /** Texts of requests and answers were shown. */
    READ,
    ;

    val label: String get() = name.lowercase()

    companion object {
        fun of(label: String?): CacheAction? = entries.firstOrNull { it.label == label }
    }
}

/**
 * That an operator did something to the cache. Each line holds the hash of the one before, so none can be changed, left out or put in
 * without all that follow it. It holds no text of a request or answer, and of users no more than a keyed digest.
 *
 * @property number counts from 1
 * @property who the operator's address, as the node saw it
 * @property entries that it concerned, as far as the node knew; null where it did not
 * @property previous the hash of the line before; [BEGINNING] for the first
 */
data class AuditLine(
    val number: Long,
    val at: Instant,
    val who: String,
    val action: CacheAction,
    val filter: EntryFilter,
    val entries: Long?,
    val previous: String,
    val hash: String,
) {
    /** Whether [hash] is that of the rest. */
    val isSound: Boolean get() = hash == hashOf(number, at, who, action, filter, entries, previous)

    fun toJson(): ObjectNode {
        val json = JsonNodeFactory.instance
            .objectNode()
            .put("number", number)
            .put("at", at.toString())
        json.put("who", who).put("action", action.label).set<ObjectNode>("filter", filter.toJson())
        return json.put("entries", entries).put("previous", previous).put("hash", hash)
    }

    companion object {
        const val BEGINNING = "0000000000000000000000000000000000000000000000000000000000000000"

        /** The line that follows one of [previous] hash and the number before. */
        fun of(number: Long, at: Instant, said: CacheAct, previous: String): AuditLine {
            val hash = hashOf(number, at, said.who, said.action, said.filter, said.entries, previous)
            return AuditLine(number, at, said.who, said.action, said.filter, said.entries, previous, hash)
        }

        /** Null for what is none. */
        fun of(json: JsonNode): AuditLine? {
            fun text(name: String) = json.path(name).textValue()
            return try {
                AuditLine(
                    json.path("number").longValue(),
                    Instant.parse(text("at") ?: return null),
                    text("who") ?: return null,
                    CacheAction.of(text("action")) ?: return null,
                    filterOf(json.path("filter")),
                    json.get("entries")?.takeIf(JsonNode::isIntegralNumber)?.longValue(),
                    text("previous") ?: return null,
                    text("hash") ?: return null,
                )
            } catch (_: DateTimeException) {
                null
            }
        }

        /** The number of the first of [lines] that does not follow from the ones before; null where all do. [cut] is the hash before them. */
        fun firstBroken(lines: List<AuditLine>, cut: String): Long? {
            var previous = cut
            var number: Long? = null
            for (line in lines) {
                val follows = line.previous == previous && (number == null || line.number == number + 1)
                if (!follows || !line.isSound) return line.number
                previous = line.hash
                number = line.number
            }
            return null
        }

        /** Where one part ends and the next begins makes a difference. */
        private fun hashOf(
            number: Long,
            at: Instant,
            who: String,
            action: CacheAction,
            filter: EntryFilter,
            entries: Long?,
            previous: String,
        ): String {
            val said = listOf(filter.recipe, filter.decision, filter.model, filter.namespace, filter.keptBefore?.toEpochMilli(), filter.id)
            val digest = MessageDigest.getInstance("SHA-256")
            for (part in listOf(previous, number, at.toEpochMilli(), who, action.label, entries) + said) {
                val bytes = part?.toString().orEmpty().encodeToByteArray()
                digest.update("${if (part == null) "-" else bytes.size}:".encodeToByteArray())
                digest.update(bytes)
            }
            return HexFormat.of().formatHex(digest.digest())
        }
    }
}

/** What is said, by the names of the admin API. */
fun EntryFilter.toJson(): ObjectNode {
    val json = JsonNodeFactory.instance.objectNode()
    recipe?.let { json.put("recipe", it) }
    decision?.let { json.put("decision", it) }
    model?.let { json.put("model", it) }
    namespace?.let { json.put("namespace", it) }
    keptBefore?.let { json.put("kept_before", it.toString()) }
    id?.let { json.put("id", it) }
    return json
}

private fun filterOf(json: JsonNode): EntryFilter {
    fun text(name: String) = json.path(name).textValue()
    return EntryFilter(
        text("recipe"),
        text("decision"),
        text("model"),
        text("namespace"),
        text("kept_before")?.let(Instant::parse),
        text("id"),
    )
}
