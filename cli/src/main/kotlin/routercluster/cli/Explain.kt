package routercluster.cli

import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.optional
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.multiple
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.policy.Limits
import routercluster.policy.Policy
import routercluster.policy.request.BadRequest
import routercluster.policy.request.ChatBody
import routercluster.policy.request.Identity
import java.net.URLEncoder

/**
 * `router explain`: how a policy decides a request, or how the running router decided one.
 *
 * @param parse reads a request body; throws [BadRequest]
 * @param explain decides with every signal read, also those that a request would not need
 * @param describe puts a decision record, which is JSON, into words
 */
class Explain(
    private val load: LoadPolicy,
    private val parse: (bytes: ByteArray, limits: Limits) -> ChatBody,
    private val explain: (Policy, ChatBody, Identity) -> Explained,
    private val describe: (record: String) -> String,
) : Command(
        "explain",
        "Show how a request is decided: signals, decisions and why each did or did not match, candidates, the pick.",
        listOf(
            "router explain router.yaml --prompt \"Write a quicksort in Rust\"",
            "router explain router.yaml --request request.json --user ann --group staff --json",
            "router explain --request-id 4f0c…",
        ),
    ) {
    private val file by argument("FILE").path().optional()
    private val prompt by option("--prompt", metavar = "TEXT").help("decide a request with this one user message")
    private val request by option("--request", metavar = "JSON").path().help("decide the request body in this file")
    private val requestId by option("--request-id", metavar = "ID").help("ask the running router how it decided this request")
    private val model by option("--model", metavar = "NAME").help("with --prompt: the model asked for; default auto").default("auto")
    private val user by option("--user").help("decide as this caller")
    private val groups by option("--group").multiple().help("decide as a member of this group; may repeat")
    private val json by option("--json").flag().help("print JSON")
    private val running by RunningRouter()

    override fun run() {
        if (listOfNotNull(prompt, request, requestId).size != 1) throw UsageError("give one of --prompt, --request, --request-id")
        echo(requestId?.let(::decided) ?: decide())
    }

    private fun decided(id: String): String {
        if (file != null) throw UsageError("--request-id asks the running router; leave out FILE")
        val record = decisionRecord(running, id)
        return if (json) record else describe(record)
    }

    private fun decide(): String {
        val policy = load.fromFile(file ?: throw UsageError("give the policy FILE to decide by"))
        val body =
            try {
                parse(request?.let(::readBytes) ?: promptBody(model, prompt.orEmpty()), policy.gateway.limits)
            } catch (e: BadRequest) {
                throw Failure("${request ?: "--prompt"}: ${e.message} (${e.code})")
            }
        val explained = explain(policy, body, Identity(user, groups))
        return if (json) explained.json else explained.text
    }
}

/** The record of a decided request from the running router, as JSON. */
internal fun decisionRecord(running: RunningRouter, id: String): String {
    val path = "/decisions/${URLEncoder.encode(id, Charsets.UTF_8)}"
    val absent = "no record of request $id; the router keeps the newest ones only"
    return running.get(path, absent).body.trimEnd()
}

private fun promptBody(model: String, prompt: String): ByteArray {
    val body = newObject().put("model", model)
    body
        .putArray("messages")
        .addObject()
        .put("role", "user")
        .put("content", prompt)
    return body.toString().encodeToByteArray()
}
