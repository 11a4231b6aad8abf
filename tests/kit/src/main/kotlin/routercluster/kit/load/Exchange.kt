package routercluster.kit.load

import java.io.IOException
import java.net.ConnectException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration

/**
 * One request and what came of it.
 *
 * @property label what the test knows it by
 * @property sentNanos by [System.nanoTime]
 * @property status of the answer; null where there was none
 * @property body of the answer, or why there was none
 */
class Exchange(
    val label: String,
    val sentNanos: Long,
    val tookNanos: Long,
    val status: Int?,
    val body: String,
    val headers: Map<String, String> = emptyMap(),
) {
    val isAcknowledged: Boolean get() = status != null && status in 200..299
    val endNanos: Long get() = sentNanos + tookNanos
}

/** Sends requests as JSON over HTTP/1.1 to whichever of the [doors] accepts a connection; a client in front of a cluster does the same. */
class DoorClient(private val doors: () -> List<URI>, private val timeout: Duration = Duration.ofSeconds(30)) {
    private val http = HttpClient
        .newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(CONNECT_MAX)
        .build()

    /**
     * Tried at the next door only where a door does not accept a connection, so nothing is sent twice.
     *
     * @param turn which door is tried first
     * @param body null sends a GET
     */
    fun send(label: String, turn: Int, path: String, body: String?, method: String = if (body == null) "GET" else "POST"): Exchange {
        val started = System.nanoTime()
        val doors = doors()
        var refusal = "no door"
        for (i in doors.indices) {
            val publisher = body?.let(BodyPublishers::ofString) ?: BodyPublishers.noBody()
            val request = HttpRequest.newBuilder(doors[(turn + i) % doors.size].resolve(path)).timeout(timeout)
            request.header("content-type", "application/json").method(method, publisher)
            try {
                val answer = http.send(request.build(), BodyHandlers.ofString())
                val headers = answer.headers().map().mapValues { it.value.first() }
                return Exchange(label, started, System.nanoTime() - started, answer.statusCode(), answer.body(), headers)
            } catch (refused: ConnectException) {
                refusal = "$refused"
            } catch (broken: IOException) {
                return Exchange(label, started, System.nanoTime() - started, null, "$broken")
            }
        }
        return Exchange(label, started, System.nanoTime() - started, null, refusal)
    }

    private companion object {
        val CONNECT_MAX: Duration = Duration.ofSeconds(2)
    }
}

/** How many were acknowledged, with their latencies, and what the others failed with, and when. */
fun List<Exchange>.report(): String {
    val good = filter { it.isAcknowledged }.map { it.tookNanos / NANOS_PER_MILLI }.sorted()
    val bad = filterNot { it.isAcknowledged }.groupBy { "${it.status} ${it.body.take(BODY_CHARS)}" }
    val began = minOfOrNull { it.sentNanos } ?: 0
    val latency = listOf(50, 95, 99, 100).map { good.getOrNull(minOf(good.size - 1, good.size * it / 100)) }.joinToString("/")
    return "${good.size} of $size acknowledged, p50/95/99/100 $latency ms" +
        bad.entries.joinToString(
            "",
        ) { (what, those) -> "; ${those.size} x $what, sent and failed at ${those.joinToString { it.times(began) }}" }
}

/** In seconds since [began]. */
private fun Exchange.times(
    began: Long,
): String = listOf(sentNanos, endNanos).joinToString("-") { "${(it - began) / NANOS_PER_TENTH / 10.0}" }

/** Time from [faultNanos], by [System.nanoTime], to the end of the last failure; zero where none failed. */
fun List<Exchange>.failureWindow(faultNanos: Long): Duration {
    val last = filterNot { it.isAcknowledged }.maxOfOrNull { it.endNanos } ?: return Duration.ZERO
    return Duration.ofNanos(last - faultNanos)
}

private const val NANOS_PER_MILLI = 1_000_000
private const val NANOS_PER_TENTH = 100_000_000
private const val BODY_CHARS = 160
