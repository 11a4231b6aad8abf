package routercluster.policy.versions

import com.fasterxml.jackson.core.JsonProcessingException
import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.record.BadRecord
import routercluster.policy.record.Fields

/** A text that is no history. [message] names the line, what is wrong there and what was expected. */
class BadVersionLog(override val message: String) : Exception(message, null, false, false)

private val mapper = ObjectMapper()
private const val ENTRY = "a version"

/** One version a line, the oldest first. */
fun VersionLog.toLines(): String = versions.joinToString("") { "${it.toJson()}\n" }

/** Field names are a contract: they are kept for ever. */
fun PolicyVersion.toJson(): ObjectNode {
    val json = JsonNodeFactory.instance.objectNode()
    json
        .put("time", time.toString())
        .put("revision", revision)
        .put("source", source.name.lowercase())
        .put("file", file)
        .put("bytes", bytes)
        .put("text", text)
    if (manifests.isNotEmpty()) json.putObject("manifests").apply { manifests.forEach { (path, hash) -> put(path, hash) } }
    notKept?.let { json.put("not_kept", it) }
    return json
}

/** @throws BadVersionLog for a line that is no version */
fun versionLogOf(lines: String): VersionLog =
    VersionLog(
        lines.lines().mapIndexedNotNull { index, line ->
            if (line.isBlank()) return@mapIndexedNotNull null
            try {
                versionOf(line)
            } catch (bad: BadRecord) {
                throw BadVersionLog("line ${index + 1}: ${bad.message}")
            }
        },
    )

private fun versionOf(line: String): PolicyVersion {
    val json =
        try {
            mapper.readTree(line)
        } catch (failure: JsonProcessingException) {
            throw BadRecord("$ENTRY is not JSON: ${failure.originalMessage}")
        }
    if (json == null || !json.isObject) throw BadRecord("$ENTRY must be a JSON object")
    val fields = Fields(json, "", ENTRY)
    return PolicyVersion(
        time = fields.time("time"),
        revision = fields.hash("revision"),
        source = fields.oneOf("source", VersionSource.entries),
        file = fields.text("file"),
        bytes = fields.int("bytes"),
        text = fields.hash("text"),
        manifests = fields.inner("manifests")?.let { manifests -> manifests.names().associateWith(manifests::text) }.orEmpty(),
        notKept = fields.textOrNull("not_kept"),
    )
}

private val hashes = Regex("[0-9a-f]{64}")

/** Texts are found by it, so it can be nothing else. */
private fun Fields.hash(name: String): String = text(name).takeIf(hashes::matches) ?: fail(name, "64 hexadecimal digits")
