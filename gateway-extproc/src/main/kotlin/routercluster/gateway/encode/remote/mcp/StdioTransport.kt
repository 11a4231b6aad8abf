package routercluster.gateway.encode.remote.mcp

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.gateway.encode.remote.bytesOf
import routercluster.gateway.encode.remote.jsonOf
import routercluster.policy.catalog.RemoteService
import routercluster.policy.encode.EncodeFailure
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.Executors
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.ScheduledExecutorService
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.concurrent.thread

/**
 * An MCP server that is a child of this process: a message a line, over its standard streams. What it writes to its standard error is
 * thrown away, since it may quote texts.
 *
 * @param lineBytesMax of one message; a longer one ends the server
 * @param timer for timeouts
 */
internal class StdioTransport(
    service: RemoteService.McpProcess,
    private val lineBytesMax: Int,
    private val timer: ScheduledExecutorService,
    ours: Map<String, String> = System.getenv(),
) : McpTransport {
    private val process = start(service, ours)
    private val pending = ConcurrentHashMap<Long, CompletableFuture<JsonNode>>()
    private val over = AtomicBoolean()

    /** A child that does not read must hold up nobody but those that write to it. */
    private val writer = Executors.newSingleThreadExecutor { Thread(it, "mcp-write").apply { isDaemon = true } }

    init {
        thread(name = "mcp-read", isDaemon = true, block = ::read)
    }

    override val isAlive: Boolean get() = !over.get() && process.isAlive

    override fun agreed(protocolVersion: String) = Unit

    override fun request(message: ObjectNode, timeout: Duration): CompletableFuture<JsonNode> {
        val id = message.path("id").asLong()
        val answer = CompletableFuture<JsonNode>()
        pending[id] = answer
        val late = EncodeFailure.TimedOut("no answer from the MCP server within ${timeout.toMillis()} ms")
        val alarm = timer.schedule({ answer.completeExceptionally(late) }, timeout.toNanos(), TimeUnit.NANOSECONDS)
        answer.whenComplete { _, failure ->
            alarm.cancel(false)
            // Whoever waited has left, so the server need not go on.
            if (pending.remove(id) != null && failure != null) write(cancelled(id))
        }
        write(message).whenComplete { _, failure -> if (failure != null) answer.completeExceptionally(failure) }
        return answer
    }

    override fun notify(message: ObjectNode, timeout: Duration): CompletableFuture<Unit> = write(message)

    /** Ends the child: by the end of its input, else by a signal, else by force. Does not wait for it. */
    override fun close() = end("is closed")

    private fun write(message: ObjectNode): CompletableFuture<Unit> =
        try {
            CompletableFuture.supplyAsync({ writeLine(message) }, writer)
        } catch (_: RejectedExecutionException) {
            CompletableFuture.failedFuture(EncodeFailure.Unavailable("the MCP server has ended"))
        }

    private fun writeLine(message: ObjectNode) {
        try {
            process.outputStream.write(bytesOf(message) + '\n'.code.toByte())
            process.outputStream.flush()
        } catch (broken: IOException) {
            throw EncodeFailure.Unavailable("the MCP server does not read any more", broken)
        }
    }

    private fun read() {
        try {
            val lines = process.inputStream.buffered()
            while (true) take(line(lines) ?: break)
            end("has ended")
        } catch (_: IOException) {
            end("broke off")
        } catch (fault: EncodeFailure) {
            end(fault.message.orEmpty())
        }
    }

    /** The next line without its end, or null after the last. */
    private fun line(input: InputStream): ByteArray? {
        val line = ByteArrayOutputStream()
        while (true) {
            val byte = input.read()
            if (byte == '\n'.code) return line.toByteArray()
            if (byte < 0) return null
            if (line.size() >= lineBytesMax) throw EncodeFailure.Unavailable("sent a message of more than $lineBytesMax bytes")
            line.write(byte)
        }
    }

    private fun take(line: ByteArray) {
        if (line.isEmpty()) return
        val message =
            try {
                jsonOf(line)
            } catch (_: EncodeFailure) {
                throw EncodeFailure.Unavailable("sent what is not JSON")
            }
        val id = message.get("id")
        when {
            message.has("method") -> if (id != null) write(replyTo(message.path("method").asText(), id))
            id != null && id.isNumber -> pending.remove(id.asLong())?.complete(message)
        }
    }

    /** We offer a server nothing, but that we are here. */
    private fun replyTo(method: String, id: JsonNode): ObjectNode {
        val reply = obj().put("jsonrpc", "2.0")
        reply.set<JsonNode>("id", id)
        if (method == "ping") {
            reply.putObject("result")
        } else {
            reply.putObject("error").put("code", METHOD_NOT_FOUND).put("message", "method not found")
        }
        return reply
    }

    private fun cancelled(id: Long): ObjectNode {
        val message = obj().put("jsonrpc", "2.0").put("method", "notifications/cancelled")
        message.putObject("params").put("requestId", id)
        return message
    }

    private fun end(why: String) {
        if (!over.compareAndSet(false, true)) return
        val failure = EncodeFailure.Unavailable("the MCP server $why")
        pending.keys.forEach { id -> pending.remove(id)?.completeExceptionally(failure) }
        writer.shutdown()
        // Not a daemon: the program does not end before its child has.
        thread(name = "mcp-end") { finish() }
    }

    private fun finish() {
        val below = process.descendants().toList()
        try {
            process.outputStream.close()
        } catch (_: IOException) {
            // It is gone already.
        }
        if (!process.waitFor(GRACE_MILLIS, TimeUnit.MILLISECONDS)) process.destroy()
        if (!process.waitFor(GRACE_MILLIS, TimeUnit.MILLISECONDS)) process.destroyForcibly()
        below.forEach { it.destroyForcibly() }
    }

    private companion object {
        const val METHOD_NOT_FOUND = -32_601
        const val GRACE_MILLIS = 1_000L

        /** What a program needs to run at all. The rest of our environment holds keys that are no child's business. */
        val handedOn = listOf("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "USER", "SYSTEMROOT", "TEMP")

        fun obj(): ObjectNode = JsonNodeFactory.instance.objectNode()

        fun start(service: RemoteService.McpProcess, ours: Map<String, String>): Process {
            val builder = ProcessBuilder(listOf(service.command) + service.arguments).redirectError(ProcessBuilder.Redirect.DISCARD)
            val environment = builder.environment()
            environment.clear()
            handedOn.forEach { name -> ours[name]?.let { environment[name] = it } }
            service.environment.forEach { (name, value) -> environment[name] = value.reveal() }
            return try {
                builder.start()
            } catch (fault: IOException) {
                throw EncodeFailure.Unavailable("cannot start ${service.command}", fault)
            }
        }
    }
}
