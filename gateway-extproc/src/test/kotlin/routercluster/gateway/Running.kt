package routercluster.gateway

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.gateway.cache.CacheParts
import routercluster.gateway.encode.EncoderOpener
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.gateway.versions.PolicyHistory
import routercluster.gateway.versions.PolicySharing
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.PolicyOutcome
import routercluster.policy.config.provePolicy
import routercluster.policy.conversations.Conversations
import routercluster.policy.outcomes.Outcomes
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import routercluster.telemetry.Tracing
import java.io.InputStream
import java.net.Socket
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Path
import java.time.Clock
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.thread
import kotlin.concurrent.withLock
import kotlin.random.Random

internal const val KEY = "sk-not-to-be-written-down"

private val environment = mapOf("KEY" to KEY)::get
private val mapper = ObjectMapper()
private val client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()

/**
 * A policy of the models `small` at port [port] and `large` at port [largePort].
 *
 * @param decisions names to the rest of a decision; each is chosen by its own name in the prompt
 */
internal fun policyText(
    port: Int,
    decisions: Map<String, String> = emptyMap(),
    largePort: Int = port,
    signals: String = "",
    gateway: String = "{}",
    more: String = "",
): String {
    val keywords = decisions.keys.joinToString("") { "\n            - {name: $it, operator: OR, keywords: [$it]}" }
    val written =
        decisions.entries.joinToString("") { (name, rest) ->
            "\n            - {name: $name, priority: 10, rules: {type: keyword, name: $name}, $rest}"
        }
    return """
        version: v0.3
        listeners:
          - {name: http, port: 0}
        providers:
          defaults:
            default_model: small
            reasoning_families:
              qwen: {type: chat_template_kwargs, parameter: enable_thinking}
              gpt: {type: reasoning_effort, parameter: reasoning_effort}
          models:
            - name: small
              reasoning_family: qwen
              reliability: {retry_count: 0}
              pricing: {currency: EUR, prompt_per_1m: 2, completion_per_1m: 10}
              backend_refs: [{name: a, endpoint: "127.0.0.1:$port", protocol: http, api_key_env: KEY}]
            - name: large
              provider_model_id: large-2
              reasoning_family: gpt
              reliability: {retry_count: 0}
              pricing: {currency: EUR, prompt_per_1m: 20, completion_per_1m: 100}
              backend_refs: [{name: b, endpoint: "127.0.0.1:$largePort", protocol: http}]
        routing:
          modelCards:
            - {name: small, loras: [{name: small-code}]}
          signals:
            keywords: [${"]".takeIf { decisions.isEmpty() }.orEmpty()}$keywords
            $signals
          decisions: [${"]".takeIf { decisions.isEmpty() }.orEmpty()}$written
        gateway: $gateway
        $more
        """.trimIndent().replace("keywords: [\n", "keywords:\n").replace("decisions: [\n", "decisions:\n")
}

internal fun policyOf(text: String, file: String = "policy.yaml"): Policy = policyWith(TestFiles, text, file)

internal fun policyWith(files: PolicyFiles, text: String, file: String = "policy.yaml"): Policy =
    when (val outcome = provePolicy(text, file, environment, testFamilies, files)) {
        is PolicyOutcome.Proven -> outcome.policy
        is PolicyOutcome.Refused -> throw InvalidPolicy(outcome.problems)
    }

/** A gateway on free ports. Closing it does not wait for its threads. */
internal class TestGateway(
    text: String,
    file: Path? = null,
    tracing: Tracing? = null,
    random: Random = SharedRandom,
    encoders: EncoderOpener = EncoderOpener.NONE,
    history: PolicyHistory? = null,
    sharing: PolicySharing? = null,
    conversations: Conversations? = null,
    offersResponses: Boolean = true,
    outcomes: Outcomes? = null,
    replaySecret: ByteArray? = null,
    pause: (Duration) -> Unit = {},
    clock: Clock = Clock.systemUTC(),
    cacheParts: CacheParts = CacheParts(),
    load: (text: String, file: String) -> Policy = ::policyOf,
) : AutoCloseable {
    val heard = Heard()
    val running =
        gateway(
            GatewayConfig(
                load(text, "policy.yaml"),
                file,
                history,
                sharing,
                port = 0,
                extProcPort = 0,
                adminPort = 0,
                version = "test",
                load = load,
                encoders = encoders,
                random = random,
                tracing = tracing,
                events = heard,
                conversations = conversations,
                offersResponses = { offersResponses },
                outcomes = outcomes,
                replaySecret = { replaySecret },
                pause = pause,
                clock = clock,
                cacheParts = cacheParts,
            ),
        )

    fun get(path: String, port: Int = running.port): Answer = answer(request(port, path).GET().build())

    fun admin(path: String): Answer = get(path, running.adminPort)

    fun post(path: String, body: String, vararg headers: Pair<String, String>): Answer = answer(posted(path, body, *headers))

    fun delete(path: String): Answer = answer(request(running.port, path).DELETE().build())

    /** A response's events; its body is read as it comes. */
    fun responseStream(fields: String): HttpResponse<InputStream> =
        client.send(posted("/v1/responses", """{"model":"small","stream":true,$fields}"""), HttpResponse.BodyHandlers.ofInputStream())

    /** Asks the admin port. */
    fun call(path: String, body: String, vararg headers: Pair<String, String>): Answer =
        answer(posted(path, body, *headers, port = running.adminPort))

    /** [fields] are more fields of the body, each with a comma before it. */
    fun chat(prompt: String, vararg headers: Pair<String, String>, model: String = "auto", fields: String = ""): Answer =
        post(CHAT, chatBody(prompt, model, fields), *headers)

    /** As [chat], and waits until what was answered is accounted for, so that it is kept or is not. */
    fun asked(prompt: String, vararg headers: Pair<String, String>, model: String = "auto", fields: String = ""): Answer {
        val before = heard.of<RouterEvent.Left>().size
        return chat(prompt, *headers, model = model, fields = fields).also { heard.await<RouterEvent.Left>(before + 1) }
    }

    /** The body is read as it comes. */
    fun stream(prompt: String, model: String = "auto", fields: String = ""): HttpResponse<InputStream> =
        client.send(posted(CHAT, chatBody(prompt, model, ""","stream":true$fields""")), HttpResponse.BodyHandlers.ofInputStream())

    /** A client that asks and can be made to leave, by closing it. */
    fun leaver(prompt: String): Socket {
        val body = chatBody(prompt, "auto", "")
        val socket = Socket("127.0.0.1", running.port)
        val head = "POST $CHAT HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n"
        socket.getOutputStream().apply { write((head + body).toByteArray()) }.flush()
        return socket
    }

    override fun close() {
        thread(isDaemon = true) { running.close() }
    }

    private fun posted(path: String, body: String, vararg headers: Pair<String, String>, port: Int = running.port): HttpRequest {
        val request = request(port, path).header("content-type", "application/json")
        headers.forEach { (name, value) -> request.setHeader(name, value) }
        return request.POST(HttpRequest.BodyPublishers.ofString(body)).build()
    }

    private fun request(port: Int, path: String) =
        HttpRequest.newBuilder(URI("http://127.0.0.1:$port$path")).timeout(Duration.ofSeconds(WAIT_SECONDS))

    private fun answer(request: HttpRequest) = Answer(client.send(request, HttpResponse.BodyHandlers.ofString()))

    companion object {
        const val CHAT = "/v1/chat/completions"
    }
}

internal fun chatBody(prompt: String, model: String = "auto", fields: String = ""): String =
    """{"model":"$model","messages":[{"role":"user","content":"$prompt"}]$fields}"""

internal class Answer(private val response: HttpResponse<String>) {
    val status: Int get() = response.statusCode()
    val body: String get() = response.body()
    val json: JsonNode by lazy { mapper.readTree(body) }

    /** The `code` of an error. */
    val code: String? get() = json.path("error").path("code").textValue()

    fun header(name: String): String? = response.headers().firstValue(name).orElse(null)

    fun headers(vararg names: String): List<String?> = names.map(::header)
}

/** Keeps every event. */
internal class Heard : Events {
    private val lock = ReentrantLock()
    private val changed = lock.newCondition()
    private val kept = ArrayList<RouterEvent>()

    val all: List<RouterEvent> get() = lock.withLock { kept.toList() }

    override fun publish(event: RouterEvent) =
        lock.withLock {
            kept.add(event)
            changed.signalAll()
        }

    fun forget() = lock.withLock { kept.clear() }

    inline fun <reified E : RouterEvent> of(): List<E> = all.filterIsInstance<E>()

    /** Waits until [count] events of this kind were heard, and returns them all. */
    inline fun <reified E : RouterEvent> await(count: Int = 1): List<E> = awaited(count) { it is E }.filterIsInstance<E>()

    fun awaited(count: Int, wanted: (RouterEvent) -> Boolean): List<RouterEvent> =
        lock.withLock {
            var left = TimeUnit.SECONDS.toNanos(WAIT_SECONDS)
            while (kept.count(wanted) < count) {
                check(left > 0) { "waited for $count events, heard ${kept.map { it::class.simpleName }}" }
                left = changed.awaitNanos(left)
            }
            kept.toList()
        }
}
