package routercluster.cli.serve

import routercluster.cli.call
import java.net.URI
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.Executors

/** Parallel clients of a rehearsal. */
private const val CLIENTS = 8

/**
 * Rounds of requests by each client. The archive holds, besides the classes, what the JVM learnt of the code that ran (from JDK 25
 * on), so that a start goes straight to good machine code; that takes some ten thousand requests to learn.
 */
private const val ROUNDS = 400

/** Sends requests of every kind to the HTTP door on [port]; what they are answered does not matter. */
internal fun rehearseRequests(port: Int) {
    val clients = Executors.newFixedThreadPool(CLIENTS)
    try {
        clients.invokeAll(List(CLIENTS) { Callable { repeat(ROUNDS) { rehearseRound(port) } } }).forEach { it.get() }
    } finally {
        clients.shutdown()
    }
}

private fun rehearseRound(port: Int) {
    val chat = URI("http://127.0.0.1:$port/v1/chat/completions")
    val timeout = Duration.ofSeconds(5)
    call(chat, timeout, body = """{"model":"auto","messages":[{"role":"user","content":"Write a function"}]}""")
    call(
        chat,
        timeout,
        body = """{"model":"auto","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"$PROMPT"}]}""",
    )
    call(chat, timeout, body = """{"model":"auto","stream":true,"messages":[{"role":"user","content":"Hello"}]}""")
    call(chat, timeout, body = """{"model":""")
    call(URI("http://127.0.0.1:$port/v1/models"), timeout)
}

private val PROMPT = "Compare the two designs below step by step and say which of them a small team should build, and why. ".repeat(10)
