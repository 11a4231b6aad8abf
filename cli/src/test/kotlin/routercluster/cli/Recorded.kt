package routercluster.cli

import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.context
import com.sun.net.httpserver.HttpServer
import routercluster.policy.GatewaySettings
import routercluster.policy.IdentityHeaders
import routercluster.policy.Listener
import routercluster.policy.Policy
import routercluster.policy.models.Credential
import routercluster.policy.models.Model
import routercluster.policy.models.Secret
import routercluster.policy.models.Upstream
import java.net.InetAddress
import java.net.InetSocketAddress
import java.time.Duration

/** What a command left behind. */
data class Recorded(val status: Int, val out: String, val err: String)

/** Runs `router` with [command] as its only subcommand. */
fun record(command: CoreCliktCommand, vararg args: String, environment: Map<String, String> = emptyMap()): Recorded {
    val out = StringBuilder()
    val err = StringBuilder()
    val router =
        router(listOf(command)).context {
            readEnvvar = environment::get
            echoMessage = { _, message, newline, isError -> (if (isError) err else out).append(message).append(if (newline) "\n" else "") }
        }
    val status = run(router, args.toList())
    return Recorded(status, out.toString().trimEnd(), err.toString().trimEnd())
}

fun model(name: String): Model {
    val key = Credential("authorization", "Bearer ", Secret("sk-secret"))
    return Model(name, listOf(Upstream("$name/one", false, "127.0.0.1", 8000, model = name, credential = key)))
}

fun policy(vararg models: Model = arrayOf(model("small"), model("large")), listeners: List<Listener> = emptyList()): Policy =
    Policy(
        revision = "0123456789abcdef",
        listeners = listeners,
        models = models.associateBy { it.name },
        defaultModel = models.first(),
        defaultEffort = "medium",
        autoNames = setOf("auto"),
        recipes = emptyMap(),
        entrypoints = emptyMap(),
        listModels = false,
        clearRouteCache = true,
        identity = IdentityHeaders(),
        gateway = GatewaySettings(),
    )

fun listener(port: Int): Listener = Listener("http", "127.0.0.1", port, Duration.ofSeconds(300))

/** A server on a free port of the loopback interface that answers with [answers] by path, with the query or without it, else with 404. */
fun <T> withServer(answers: Map<String, String>, use: (address: String) -> T): T {
    val server = HttpServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
    server.createContext("/") { exchange ->
        val body = answers["${exchange.requestURI}"] ?: answers[exchange.requestURI.path]
        val bytes = (body ?: """{"error":{"message":"no such path"}}""").encodeToByteArray()
        exchange.sendResponseHeaders(if (body == null) 404 else 200, bytes.size.toLong())
        exchange.responseBody.use { it.write(bytes) }
    }
    server.start()
    return try {
        use("http://127.0.0.1:${server.address.port}")
    } finally {
        server.stop(0)
    }
}
