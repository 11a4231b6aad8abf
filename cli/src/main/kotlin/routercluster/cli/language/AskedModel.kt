package routercluster.cli.language

import routercluster.cli.Failure
import routercluster.cli.Reply
import routercluster.cli.call
import routercluster.cli.newObject
import routercluster.cli.parseJson
import routercluster.policy.language.ModelAnswer
import routercluster.policy.language.Turn
import routercluster.policy.models.Model
import routercluster.policy.models.Upstream
import java.net.HttpURLConnection
import java.net.URI
import java.net.URISyntaxException
import java.time.Duration

/** How long a model may think about one draft. */
private val PATIENCE: Duration = Duration.ofMinutes(3)

/** Low, so that the same words get much the same policy. */
private const val TEMPERATURE = 0.1
private const val TOKENS_MAX = 4_096

/** Nobody answered, so that another way of drafting may be tried. */
internal class Unreachable(override val message: String) : Exception(message)

/** Asks [model] over OpenAI's chat completions, at its first upstream. */
internal class AskedModel(private val model: Model) {
    private val upstream = model.upstreams.first()

    /**
     * @throws Unreachable where nobody answers
     * @throws Failure where the answer is a refusal or none that can be read
     */
    fun answer(turns: List<Turn>): ModelAnswer {
        val headers = upstream.headers + listOfNotNull(upstream.credential?.let { it.header to it.prefix + it.secret.reveal() })
        return when (val reply = call(address(), PATIENCE, body(turns), headers, direct = false)) {
            is Reply.Silence -> throw Unreachable("${model.name} at ${upstream.host}:${upstream.port} does not answer: ${reply.reason}")
            is Reply.Answer -> read(reply)
        }
    }

    private fun address(): URI =
        try {
            val host = if (':' in upstream.host) "[${upstream.host}]" else upstream.host
            URI("${if (upstream.tls) "https" else "http"}://$host:${upstream.port}${upstream.pathFor(Upstream.CHAT_COMPLETIONS)}")
        } catch (_: URISyntaxException) {
            throw Failure("${model.name}: its upstream ${upstream.id} has no address that can be called")
        }

    private fun body(turns: List<Turn>): String {
        val body = newObject().put("model", upstream.model).put("temperature", TEMPERATURE).put("max_tokens", TOKENS_MAX)
        val messages = body.put("stream", false).putArray("messages")
        turns.forEach { messages.addObject().put("role", it.role.name.lowercase()).put("content", it.text) }
        return body.toString()
    }

    /** The text of a refusal is not shown: an upstream may repeat the key or the prompt in it. */
    private fun read(reply: Reply.Answer): ModelAnswer {
        if (reply.status != HttpURLConnection.HTTP_OK) {
            throw Failure("${model.name} answered with status ${reply.status}; name another model with --model, or use --no-llm")
        }
        val choice = parseJson(reply.body)?.path("choices")?.path(0)
        val text = choice?.path("message")?.path("content")?.textValue()
            ?: throw Failure("${model.name} answered with no text of a message; name another model with --model, or use --no-llm")
        return ModelAnswer(text, isCut = choice.path("finish_reason").textValue() == "length")
    }
}
