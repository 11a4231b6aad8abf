package routercluster.kit

import java.nio.file.Files
import java.nio.file.Path

/**
 * One exchange between a client and a provider, with the router between them. The `README.md` beside the recordings says how its
 * file is written.
 *
 * @property name its path without the ending: `openai/chat`
 * @property asked what the client sends
 * @property forwarded what reaches the provider
 * @property answered what the provider answers
 * @property passed what reaches the client
 * @property account what the router says of it afterwards
 */
class Recording(
    val name: String,
    val asked: Message,
    val forwarded: Message,
    val answered: Message,
    val passed: Message,
    val account: Map<String, String>,
) {
    override fun toString(): String = name
}

/**
 * A request or an answer.
 *
 * @property line `POST /v1/chat/completions` of a request, `200 OK` of an answer
 * @property headers names in lower case
 * @property chunks the body as it is sent piece by piece; empty where there is none
 */
class Message(val line: String, val headers: List<Pair<String, String>>, val chunks: List<ByteArray>) {
    val body: ByteArray get() = chunks.fold(ByteArray(0), ByteArray::plus)

    fun header(name: String): String? = headers.firstOrNull { it.first == name }?.second

    /** This request in HTTP/1.1, to [host]. */
    fun request(host: String): ByteArray = head("$line HTTP/1.1", listOf("host" to host) + headers + length) + body

    /** This answer in HTTP/1.1, piece by piece as it is to be sent. */
    fun answer(): List<ByteArray> {
        val first = "HTTP/1.1 $line"
        if (header("transfer-encoding") != "chunked") return listOf(head(first, headers + length) + body)
        val framed = chunks.map { "${it.size.toString(HEX)}\r\n".toByteArray() + it + "\r\n".toByteArray() }
        return listOf(head(first, headers)) + framed + "0\r\n\r\n".toByteArray()
    }

    private val length: Pair<String, String> get() = "content-length" to "${body.size}"

    private fun head(first: String, headers: List<Pair<String, String>>): ByteArray =
        (listOf(first) + headers.map { (name, value) -> "$name: $value" } + listOf("", "")).joinToString("\r\n").toByteArray()

    private companion object {
        const val HEX = 16
    }
}

/** A file that is no recording. [message] says where and what was expected. */
class BadRecording(override val message: String) : Exception(message)

/** All recordings under [folder], by name. */
fun recordings(folder: Path): List<Recording> =
    Files.walk(folder).use { files ->
        files
            .filter { "$it".endsWith(ENDING) }
            .map { recording("${folder.relativize(it)}".removeSuffix(ENDING).replace('\\', '/'), Files.readString(it)) }
            .toList()
            .sortedBy { it.name }
    }

/**
 * Reads a recording.
 *
 * @throws BadRecording
 */
fun recording(name: String, text: String): Recording {
    val parts = Parts(name, text)
    val answered = parts.message(ANSWERED) ?: parts.fail("has no part `$ANSWERED`")
    return Recording(
        name,
        parts.message(ASKED) ?: parts.fail("has no part `$ASKED`"),
        parts.message(FORWARDED) ?: parts.fail("has no part `$FORWARDED`"),
        answered,
        parts.message(PASSED) ?: answered,
        parts.account(),
    )
}

private const val ENDING = ".exchange"
private const val MARK = "=== "
private const val ASKED = "client asks"
private const val FORWARDED = "provider is asked"
private const val ANSWERED = "provider answers"
private const val PASSED = "client gets"
private const val ACCOUNT = "account"

/** Ends a chunk where no event ends. */
private const val CUT = '✂'

private class Parts(private val name: String, text: String) {
    private val parts: Map<String, List<String>>

    init {
        val lines = text.removeSuffix("\n").split("\n")
        val starts = lines.indices.filter { lines[it].startsWith(MARK) }
        val titles = starts.map { lines[it].removePrefix(MARK) }
        val unknown = titles.firstOrNull { it !in known } ?: titles.firstOrNull { title -> titles.count { it == title } > 1 }
        if (unknown != null) fail("has an unknown or second part `$unknown`; accepted once each: ${known.joinToString()}")
        val ends = starts.drop(1) + lines.size
        parts = titles.zip(starts.zip(ends) { start, end -> lines.subList(start + 1, end) }).toMap()
    }

    fun fail(what: String): Nothing = throw BadRecording("the recording $name $what")

    fun message(part: String): Message? {
        val lines = parts[part] ?: return null
        val end = lines.indexOf("").takeIf { it >= 0 } ?: lines.size
        val line = lines.take(end).firstOrNull() ?: fail("has no first line in `$part`")
        val headers = lines.subList(1, end).map(::pair).map { (name, value) -> name.lowercase() to value }
        val type = headers.toMap()["content-type"].orEmpty()
        val body = lines.drop(end + 1)
        return Message(line, headers, chunks(body, type))
    }

    fun account(): Map<String, String> = parts[ACCOUNT]?.associate(::pair) ?: fail("has no part `$ACCOUNT`")

    private fun pair(line: String): Pair<String, String> {
        val colon = line.indexOf(": ")
        if (colon < 1) fail("has the line `$line` where `name: value` was expected")
        return line.substring(0, colon) to line.substring(colon + 2)
    }

    private fun chunks(lines: List<String>, contentType: String): List<ByteArray> {
        // Such a body's lines end so by its own standard.
        val text = lines.joinToString(if (contentType.startsWith("multipart/")) "\r\n" else "\n")
        val pieces = if (contentType.startsWith("text/event-stream")) text.split(Regex("(?<=\n\n)|$CUT")) else listOf(text)
        return pieces.filter(String::isNotEmpty).map { it.toByteArray() }
    }

    private companion object {
        val known = listOf(ASKED, FORWARDED, ANSWERED, PASSED, ACCOUNT)
    }
}
