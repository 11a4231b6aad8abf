package routercluster.cli

import com.fasterxml.jackson.databind.JsonNode
import com.github.ajalt.clikt.parameters.groups.OptionGroup
import com.github.ajalt.clikt.parameters.options.convert
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.option
import java.net.URI
import java.time.Duration

private const val DEFAULT_ADMIN = "http://127.0.0.1:8080"

/** The admin API of a router that is running somewhere, as options of a command. */
class RunningRouter : OptionGroup() {
    private val admin by option(
        "--admin",
        help = "the running router's admin API; default $DEFAULT_ADMIN",
        metavar = "URL",
        envvar = "ROUTER_ADMIN",
    ).convert { serverAddress(it) ?: fail("$it is not an address such as $DEFAULT_ADMIN") }
        .default(URI(DEFAULT_ADMIN))

    /**
     * @param path under the admin address, with its leading slash
     * @param absent what a 404 means
     * @throws Failure where nobody answers, or not with a success
     */
    fun get(path: String, absent: String = "$admin$path: not found", timeout: Duration = TIMEOUT): Reply.Answer =
        succeed(call(URI("$admin$path"), timeout), admin, absent)

    /** As [get], with [body], which is JSON, sent there. */
    fun post(path: String, body: String, absent: String, timeout: Duration = TIMEOUT): Reply.Answer =
        succeed(call(URI("$admin$path"), timeout, body), admin, absent)

    private companion object {
        /** Longer than a node waits for the reports of others. */
        val TIMEOUT: Duration = Duration.ofSeconds(10)
    }
}

/** @throws Failure where it is none */
internal fun Reply.Answer.json(): JsonNode = parseJson(body) ?: throw Failure("the running router's answer is not JSON")

private fun succeed(reply: Reply, server: URI, absent: String): Reply.Answer =
    when (reply) {
        is Reply.Silence -> {
            throw Failure("no router answers at $server (${reply.reason}); is `router serve` running?", ExitStatus.UNREACHABLE)
        }

        is Reply.Answer -> {
            when (reply.status) {
                in 200..299 -> reply
                404 -> throw Failure(absent)
                else -> throw Failure("$server answered ${reply.status}: ${errorMessage(reply.body)}")
            }
        }
    }

/** An http or https address without a path, or null. */
internal fun serverAddress(text: String): URI? {
    val address = runCatching { URI(text.trimEnd('/')) }.getOrNull() ?: return null
    return address.takeIf { it.scheme in setOf("http", "https") && it.host != null && it.path.isEmpty() }
}

private fun errorMessage(body: String): String {
    val error = parseJson(body)?.path("error")
    val message = error?.path("message")?.asText(null) ?: error?.asText()
    return if (message.isNullOrEmpty()) body.take(200) else message
}
