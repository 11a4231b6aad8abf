package routercluster.gateway.feedback

import routercluster.gateway.classify.ApiBody
import routercluster.policy.outcomes.ModelPair
import routercluster.policy.outcomes.Verdict
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.request.BadRequest

/**
 * Reads what a client says of an answer: `replay_id` or `request_id`, and `thumb`, `score`, or which of two models did better.
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
    val compared = body.comparison()
    body.textOrNull("reason")
    body.close()
    val id = ids.singleOrNull() ?: throw BadRequest(400, "invalid_value", "Give one of `replay_id` and `request_id`.", "replay_id")
    val sums = listOfNotNull(thumb, score?.let(VerdictSums::ofScore), compared?.sums(weight = 1.0)).singleOrNull()
        ?: throw BadRequest(400, "invalid_value", "Give one of `thumb`, `score`, and `winner_model` with `loser_model`.", "thumb")
    return Statement(id, compared?.pair?.first, sums, caller.user, key, caller.speaker, compared?.pair?.second)
}

/**
 * Reads what an operator's tool says of a model's fitness, in the seed's words, or which of two models did better. A `score` says how much of the
 * verdict or the comparison it is. `reason` and `metadata` are for whoever reads the call, and are not kept.
 *
 * @throws BadRequest for anything else
 */
internal fun readOutcome(bytes: ByteArray, idempotencyKey: String?): Statement {
    val body = ApiBody.of(bytes)
    val key = body.name("idempotency_key") ?: idempotencyKey
    val id = body.text("replay_id")
    val target = body.oneOf("target", targets)
    val model = body.name("target_ref")
    val verdict = body.oneOf("verdict", verdicts)
    val compared = body.comparison()
    val weight = body.fraction("score") ?: 1.0
    val source = body.name("source")
    body.textOrNull("reason")
    body.node("metadata")
    body.close()
    if (compared != null) {
        if (verdict != null || model != null) throw BadRequest(400, "invalid_value", "Give a verdict or a comparison.", "winner_model")
        return Statement(id, compared.pair.first, compared.sums(weight), source, key, by = null, compared.pair.second)
    }
    if (target == null) throw BadRequest(400, "missing_field", "`target` is required.", "target")
    if (verdict == null) throw BadRequest(400, "missing_field", "`verdict` is required.", "verdict")
    if (target != MODEL) {
        throw BadRequest(400, "unsupported_target", "Only verdicts on a `model` are learned from, not on a `$target`.", "target")
    }
    return Statement(id, model, VerdictSums.of(verdict, weight), source, key, by = null)
}

/** [won] is the part of the first of the [pair] that won: 1, 0, or a half for a tie. */
private class Comparison(val pair: ModelPair, private val won: Double) {
    fun sums(weight: Double): VerdictSums {
        val all = VerdictSums.of(Verdict.GOOD_FIT, weight).goodFit
        val first = (all * won).toLong()
        return VerdictSums(goodFit = first, underpowered = all - first)
    }
}

/** Null where nothing is said of it. */
private fun ApiBody.comparison(): Comparison? {
    val winner = name("winner_model")
    val loser = name("loser_model")
    val isTie = flag("tie") ?: false
    if (winner == null && loser == null && !isTie) return null
    if (winner == null) throw BadRequest(400, "missing_field", "`winner_model` is required beside `loser_model` and `tie`.", "winner_model")
    if (loser == null) throw BadRequest(400, "missing_field", "`loser_model` is required beside `winner_model` and `tie`.", "loser_model")
    if (winner == loser) throw ApiBody.wrong("loser_model", "name another model than `winner_model`")
    val pair = ModelPair(minOf(winner, loser), maxOf(winner, loser))
    val won = if (pair.first == winner) 1.0 else 0.0
    return Comparison(pair, if (isTie) HALF else won)
}

private fun ApiBody.textOrNull(field: String): String? = node(field)?.let { readText(it, field) }

private const val MODEL = "model"
private const val HALF = 0.5
private val targets = listOf(MODEL, "route", "policy", "stability", "provider", "router").associateWith { it }
private val verdicts = Verdict.entries.associateBy { it.name.lowercase() }
private val thumbs = mapOf("up" to VerdictSums.of(Verdict.GOOD_FIT), "down" to VerdictSums.of(Verdict.UNDERPOWERED))
