package routercluster.cli.serve

import routercluster.cli.call
import java.net.URI
import java.time.Duration

/** Rounds of requests in a rehearsal: enough to load every class of the way a request takes. */
private const val ROUNDS = 20

/** Sends requests of every kind to the HTTP door on [port]; what they are answered does not matter. */
internal fun rehearseRequests(port: Int) {
    val chat = URI("http://127.0.0.1:$port/v1/chat/completions")
    val timeout = Duration.ofSeconds(5)
    repeat(ROUNDS) {
        call(chat, timeout, body = """{"model":"auto","messages":[{"role":"user","content":"Write a function"}]}""")
        call(chat, timeout, body = """{"model":"auto","stream":true,"messages":[{"role":"user","content":"Hello"}]}""")
        call(chat, timeout, body = """{"model":""")
        call(URI("http://127.0.0.1:$port/v1/models"), timeout)
    }
}
