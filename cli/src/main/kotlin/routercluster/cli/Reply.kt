package routercluster.cli

import java.io.IOException
import java.io.InputStream
import java.net.HttpURLConnection
import java.net.Proxy
import java.net.URI
import java.time.Duration

/** What came of a call: [Reply.Answer] with any status, or [Reply.Silence]. */
sealed interface Reply {
    class Answer(val status: Int, val contentType: String, val body: String) : Reply

    /** Nobody answered; [reason] says why in a few words. */
    class Silence(val reason: String) : Reply
}

/** Bytes of an answer that are read; more is cut, which then fails as bad JSON. */
private const val ANSWER_BYTES_MAX = 16 * 1024 * 1024

/**
 * One call to a server. The JDK's old client on purpose: it is ready in a tenth of the time that `java.net.http` takes, and short
 * commands live from that. No redirection is followed: [headers] may hold a key.
 *
 * @param body JSON to POST; null means GET
 * @param direct passes by the proxy that the JVM may have been told of
 */
fun call(uri: URI, timeout: Duration, body: String? = null, headers: Map<String, String> = emptyMap(), direct: Boolean = true): Reply =
    try {
        val connection = (if (direct) uri.toURL().openConnection(Proxy.NO_PROXY) else uri.toURL().openConnection()) as HttpURLConnection
        connection.connectTimeout = timeout.toMillis().toInt()
        connection.readTimeout = timeout.toMillis().toInt()
        connection.instanceFollowRedirects = false
        connection.setRequestProperty("accept", "application/json")
        headers.forEach { (name, value) -> connection.setRequestProperty(name, value) }
        body?.let { connection.post(it) }
        val status = connection.responseCode
        Reply.Answer(status, connection.contentType.orEmpty(), connection.text(status))
    } catch (e: IOException) {
        Reply.Silence(e.message ?: e.javaClass.simpleName)
    } catch (_: IllegalArgumentException) {
        // Its message would quote the header.
        Reply.Silence("an address or a header that cannot be sent")
    }

private fun HttpURLConnection.post(body: String) {
    requestMethod = "POST"
    doOutput = true
    setRequestProperty("content-type", "application/json")
    outputStream.use { it.write(body.encodeToByteArray()) }
}

private fun HttpURLConnection.text(status: Int): String {
    val stream: InputStream? = if (status < HttpURLConnection.HTTP_BAD_REQUEST) inputStream else errorStream
    return stream?.use { it.readNBytes(ANSWER_BYTES_MAX).decodeToString() }.orEmpty()
}
