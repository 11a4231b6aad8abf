package routercluster.gateway.encode.remote.mcp

import com.fasterxml.jackson.databind.JsonNode
import com.linecorp.armeria.common.CommonPools
import org.slf4j.LoggerFactory
import routercluster.gateway.encode.remote.Input
import routercluster.gateway.encode.remote.Service
import routercluster.gateway.encode.remote.alsoCancels
import routercluster.gateway.encode.remote.distribution
import routercluster.gateway.encode.remote.malformed
import routercluster.gateway.encode.remote.probabilityIn
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.HeadResult
import java.time.Duration
import java.util.concurrent.CompletableFuture

/**
 * A tool of an MCP server that tells [labels] apart. The session is opened with the first question, and again when it has ended: at
 * the earliest after a pause, which doubles up to [PAUSE_MAX] until a question is answered.
 *
 * @param connect opens a transport; may block, and throw [EncodeFailure]
 */
internal class McpService(
    private val name: String,
    private val labels: List<String>,
    private val tool: String,
    private val nanos: () -> Long = System::nanoTime,
    private val connect: () -> McpTransport,
) : Service {
    /** One session, from the wish for it on. */
    private class Link {
        val session = CompletableFuture<McpSession>()
        var transport: McpTransport? = null

        val isUsable: Boolean get() = !session.isDone || (!session.isCompletedExceptionally && session.join().isAlive)
    }

    private var link: Link? = null
    private var failures = 0
    private var notBefore = nanos()
    private var closed = false

    override val isReady: Boolean
        @Synchronized get() = !closed && (link?.isUsable ?: (nanos() - notBefore >= 0))

    /** A session outlives the question that opened it, so cancelling one leaves the other alone. */
    override fun ask(head: String, inputs: List<Input>, timeout: Duration): CompletableFuture<List<HeadResult>> {
        val link = link(timeout)
        val answer = CompletableFuture<List<HeadResult>>()
        link.session.whenComplete { session, failure ->
            if (session == null) answer.completeExceptionally(failure) else classify(link, session, inputs.single(), timeout, answer)
        }
        return answer
    }

    private fun classify(link: Link, session: McpSession, input: Input, timeout: Duration, answer: CompletableFuture<List<HeadResult>>) {
        if (answer.isDone) return
        val said = session.classify(input.text, timeout)
        answer.alsoCancels(said)
        said.thenApply<List<HeadResult>> { listOf(read(it, session.categories ?: labels)) }.whenComplete { results, failure ->
            if (failure == null) {
                proved()
            } else if (!session.isAlive) {
                lost(link)
            }
            if (failure == null) answer.complete(results) else answer.completeExceptionally(failure)
        }
    }

    private fun link(timeout: Duration): Link {
        val next =
            synchronized(this) {
                if (closed) throw EncodeFailure.Unavailable("is closed")
                link?.takeIf { it.isUsable }?.let { return it }
                link?.let(::lost)
                val pause = Duration.ofNanos(notBefore - nanos())
                if (pause > Duration.ZERO) throw EncodeFailure.Unavailable("the MCP server is gone, next try in ${pause.toMillis()} ms")
                Link().also { link = it }
            }
        CompletableFuture
            .supplyAsync({ connected(next) }, CommonPools.blockingTaskExecutor())
            .thenCompose { McpSession.open(it, tool, timeout) }
            .thenApply(::checked)
            .whenComplete { session, failure ->
                if (failure != null) lost(next)
                if (failure == null) next.session.complete(session) else next.session.completeExceptionally(failure)
            }
        return next
    }

    private fun connected(link: Link): McpTransport {
        val transport = connect()
        val isWanted = synchronized(this) { (!closed && this.link === link).also { if (it) link.transport = transport } }
        if (isWanted) return transport
        transport.close()
        throw EncodeFailure.Unavailable("is closed")
    }

    /** The server's own labels must be among those that the policy knows. */
    private fun checked(session: McpSession): McpSession {
        val strange = session.categories.orEmpty().count { it !in labels }
        if (strange == 0) return session
        val known = "known are ${labels.joinToString()}"
        throw EncodeFailure.Unavailable("the MCP server has $strange categories that the policy does not know; $known")
    }

    @Synchronized
    private fun lost(gone: Link) {
        if (link !== gone) return
        link = null
        gone.transport?.close()
        if (closed) return
        val pause = minOf(PAUSE_MAX, PAUSE_MIN.multipliedBy(1L shl minOf(failures, DOUBLINGS_MAX)))
        failures++
        notBefore = nanos() + pause.toNanos()
        log.warn("the MCP server of encoder {} is gone, next try after {} ms", name, pause.toMillis())
    }

    @Synchronized
    private fun proved() {
        failures = 0
    }

    /** Ends the server, where it is a child. */
    @Synchronized
    override fun close() {
        closed = true
        link?.transport?.close()
    }

    private fun read(answer: JsonNode, places: List<String>): HeadResult {
        val all = answer.path("probabilities")
        if (all.isArray && !all.isEmpty) {
            if (all.size() != places.size) throw malformed("has ${all.size()} probabilities for ${places.size} labels")
            return spread(places.indices.associate { places[it] to probabilityIn(all[it]) })
        }
        if (all.isObject && !all.isEmpty) return spread(all.properties().associate { known(it.key) to probabilityIn(it.value) })
        val said = answer.get("class") ?: answer.get("label") ?: answer.get("category") ?: throw malformed("names no class")
        val label = known(if (said.isInt) places.getOrNull(said.intValue()) else said.textValue())
        val confidence = answer.get("confidence")?.let(::probabilityIn) ?: 1f
        val rest = (1f - confidence) / (labels.size - 1)
        return HeadResult.Labels(FloatArray(labels.size) { if (labels[it] == label) confidence else rest })
    }

    private fun spread(found: Map<String, Float>) = distribution(FloatArray(labels.size) { found[labels[it]] ?: 0f })

    private fun known(label: String?): String =
        label?.takeIf(labels::contains) ?: throw malformed("names a class that the policy does not know")

    internal companion object {
        val PAUSE_MIN: Duration = Duration.ofMillis(250)
        val PAUSE_MAX: Duration = Duration.ofSeconds(30)
        private const val DOUBLINGS_MAX = 7
        private val log = LoggerFactory.getLogger(McpService::class.java)
    }
}
