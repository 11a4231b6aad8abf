package routercluster.cli

import com.github.ajalt.clikt.parameters.groups.OptionGroup
import com.github.ajalt.clikt.parameters.options.convert
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import java.net.URI
import java.time.Duration

/** The admin API of a router that is running somewhere, as options of a command. */
class RunningRouter : OptionGroup() {
    private val admin by option("--admin", envvar = "ROUTER_ADMIN", metavar = "URL")
        .help("where the running router's admin API is; default http://127.0.0.1:8080")
        .convert { serverAddress(it) ?: fail("$it is not an address such as http://127.0.0.1:8080") }
        .default(URI("http://127.0.0.1:8080"))

    /**
     * @param path under the admin address, with its leading slash
     * @param accept what form is asked for
     * @param absent what a 404 means
     * @throws Failure where nobody answers, or not with a success
     */
    fun get(path: String, accept: String = "application/json", absent: String = "$admin$path: not found"): Reply.Answer =
        succeed(call(URI("$admin$path"), Duration.ofSeconds(5), accept), admin, absent)
}

/** @throws Failure unless [reply] is a success */
fun succeed(reply: Reply, server: URI, absent: String): Reply.Answer =
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
fun serverAddress(text: String): URI? =
    runCatching {
        URI(
            text.trimEnd('/'),
        )
    }.getOrNull()?.takeIf { it.scheme in setOf("http", "https") && it.host != null && it.path.isEmpty() }

private fun errorMessage(body: String): String =
    parseJson(body)
        ?.path("error")
        ?.path("message")
        ?.asText()
        .orEmpty()
        .ifEmpty { body.take(200) }
