package routercluster.dataplane

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.kit.House
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration
import java.util.concurrent.CompletableFuture

internal const val CHAT = "/v1/chat/completions"

private val json = ObjectMapper()
private val client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
private val timeout = Duration.ofSeconds(30)

/** A whole answer. */
internal class Reply(private val answer: HttpResponse<String>) {
    val status: Int get() = answer.statusCode()
    val text: String get() = answer.body()
    val json: JsonNode get() = parsed(text)

    /** `error.code`, or null where the answer is no error. */
    val errorCode: String? get() = json.path("error").path("code").textValue()

    /** What the model said. */
    val content: String? get() = json.at("/choices/0/message/content").textValue()

    fun header(name: String): String? = answer.headers().firstValue(name).orElse(null)

    override fun toString(): String = "$status ${answer.headers().map()}\n$text"
}

internal fun parsed(text: String): JsonNode = json.readTree(text)

/** A chat request's body; [more] are further fields as JSON, each with a comma before it. */
internal fun chat(text: String, model: String = "auto", more: String = ""): String =
    """{"model":${quoted(model)},"messages":[{"role":"user","content":${quoted(text)}}]$more}"""

internal const val STREAMED = ""","stream":true"""

private fun quoted(text: String): String = json.writeValueAsString(text)

internal fun House.ask(text: String, model: String = "auto"): Reply = post(chat(text, model))

internal fun House.post(body: String, path: String = CHAT, vararg headers: Pair<String, String>): Reply =
    sent(request(path, body, *headers))

/** A chat request to the door at [port]. */
internal fun sent(port: Int, body: String): Reply = sent(request(port, CHAT, body))

internal fun sent(request: HttpRequest): Reply = Reply(client.send(request, BodyHandlers.ofString()))

internal fun House.postAsync(body: String): CompletableFuture<Reply> =
    client.sendAsync(request(CHAT, body), BodyHandlers.ofString()).thenApply(::Reply)

internal fun House.get(path: String): Reply = sent(HttpRequest.newBuilder(URI("http://127.0.0.1:$port$path")).timeout(timeout).build())

/** As any client would ask [port] directly. */
internal fun post(port: Int, path: String, body: String): String = asked(port, path, body).text

internal fun asked(port: Int, path: String, body: String): Reply = Reply(client.send(request(port, path, body), BodyHandlers.ofString()))

private fun House.request(path: String, body: String, vararg headers: Pair<String, String>) = request(port, path, body, *headers)

internal fun request(port: Int, path: String, body: String, vararg headers: Pair<String, String>): HttpRequest =
    HttpRequest
        .newBuilder(URI("http://127.0.0.1:$port$path"))
        .timeout(timeout)
        .header("content-type", "application/json")
        .also { headers.forEach { (name, value) -> it.header(name, value) } }
        .POST(BodyPublishers.ofString(body))
        .build()

/** A chat request as bytes on the wire. */
internal fun wire(body: String): String =
    "POST $CHAT HTTP/1.1\r\nHost: house\r\nContent-Type: application/json\r\nContent-Length: ${body.toByteArray().size}\r\n\r\n$body"

/** A simulated model numbers its answers. */
internal fun sameId(text: String): String = text.replace(Regex("mock-\\d+"), "mock-N")

/** What the request [id] was billed, by its decision record; waits for the end of its answer. */
internal fun House.usageOf(id: String?): JsonNode {
    awaitIdle()
    val request = HttpRequest.newBuilder(URI("http://127.0.0.1:$adminPort/decisions/$id")).timeout(timeout).build()
    return parsed(client.send(request, BodyHandlers.ofString()).body()).path("usage")
}

/** The JSON of a stream's events, without the closing `[DONE]`. */
internal fun events(stream: String): List<JsonNode> =
    stream
        .split("\n\n")
        .filter(String::isNotEmpty)
        .map { it.removePrefix("data: ") }
        .filter { it != "[DONE]" }
        .map(::parsed)

/** What a stream's events say, put together. */
internal fun said(stream: String): String =
    events(stream).joinToString("") {
        it
            .at("/choices/0/delta/content")
            .textValue()
            .orEmpty()
    }
