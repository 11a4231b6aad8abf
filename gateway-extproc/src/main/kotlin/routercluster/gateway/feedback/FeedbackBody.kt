package routercluster.gateway.feedback

import routercluster.gateway.classify.ApiBody
import routercluster.policy.outcomes.Verdict
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.request.BadRequest

/**
 * Reads what a client says of an answer: `replay_id` or `request_id`, and `thumb` or `score`.
 *
 * @param idempotencyKey of the call; a body's own `idempotency_key` comes before it
 * @throws BadRequest for anything else
 */
internal fun readFeedback(bytes: ByteArray, caller: Caller, idempotencyKey: String?): Statement {
    val body = ApiBody.of(bytes)
    val key = body.name("idempotency_key") ?: idempotencyKey
    val ids = listOfNotNull(body.textOrNull("replay_id"), body.textOrNull("request_id"))
    val thumb = body.oneOf("thumb", thumbs)
    val score = body.fraction("score")
    body.textOrNull("reason")
    body.close()
    val id = ids.singleOrNull() ?: throw BadRequest(400, "invalid_value", "Give one of `replay_id` and `request_id`.", "replay_id")
    val sums = thumb ?: score?.let(VerdictSums::ofScore)
    if (sums == null || (thumb != null && score != null)) {
        throw BadRequest(400, "invalid_value", "Give one of `thumb` and `score`.", "thumb")
    }
    return Statement(id, null, sums, caller.user, key, caller.speaker)
}

/**
 * Reads what an operator's tool says of a model's fitness, in the seed's words. A `score` says how much of the verdict it is. `reason` and
 * `metadata` are for whoever reads the call, and are not kept.
 *
 * @throws BadRequest for anything else
 */
internal fun readOutcome(bytes: ByteArray, idempotencyKey: String?): Statement {
    val body = ApiBody.of(bytes)
    val key = body.name("idempotency_key") ?: idempotencyKey
    val id = body.text("replay_id")
    val target = body.oneOf("target", targets) ?: throw BadRequest(400, "missing_field", "`target` is required.", "target")
    val model = body.name("target_ref")
    val verdict = body.oneOf("verdict", verdicts) ?: throw BadRequest(400, "missing_field", "`verdict` is required.", "verdict")
    val sums = VerdictSums.of(verdict, body.fraction("score") ?: 1.0)
    val source = body.name("source")
    body.textOrNull("reason")
    body.node("metadata")
    body.close()
    if (target != MODEL) {
        throw BadRequest(400, "unsupported_target", "Only verdicts on a `model` are learned from, not on a `$target`.", "target")
    }
    return Statement(id, model, sums, source, key, by = null)
}

private fun ApiBody.textOrNull(field: String): String? = node(field)?.let { readText(it, field) }

private const val MODEL = "model"
private val targets = listOf(MODEL, "route", "policy", "stability", "provider", "router").associateWith { it }
private val verdicts = Verdict.entries.associateBy { it.name.lowercase() }
private val thumbs = mapOf("up" to VerdictSums.of(Verdict.GOOD_FIT), "down" to VerdictSums.of(Verdict.UNDERPOWERED))
