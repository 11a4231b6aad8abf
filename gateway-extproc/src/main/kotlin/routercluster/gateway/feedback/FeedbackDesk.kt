package routercluster.gateway.feedback

import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.ReplayIds
import routercluster.gateway.pipeline.RoutedRequest
import routercluster.policy.outcomes.Feedback
import routercluster.policy.outcomes.Judgement
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.Speaker
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.DecisionRing
import routercluster.policy.record.Records
import routercluster.policy.selectors.contextPoint
import java.security.MessageDigest
import java.time.Clock
import java.util.HexFormat
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/**
 * What somebody says of a request.
 *
 * @property id a replay id, or a request id
 * @property model that is spoken of; null for the one that answered
 * @property against another model that it is compared with, behind it in the order of names; null for a verdict
 * @property source who says it; null for nobody in particular
 * @property idempotencyKey tells several statements of one [source] on one request apart; null where there is but one
 * @property by null for operators' tools, whose word is taken without bound
 */
class Statement(
    val id: String,
    val model: String?,
    val sums: VerdictSums,
    val source: String?,
    val idempotencyKey: String?,
    val by: Speaker?,
    val against: String? = null,
)

/** What becomes of a [Statement]; [outcome] in one word, for metrics. */
sealed interface FeedbackReply {
    val outcome: String

    /** It is durable. [repeated] tells that it was there before. */
    data class Accepted(val repeated: Boolean) : FeedbackReply {
        override val outcome get() = if (repeated) "repeated" else "counted"
    }

    data class Refused(val error: ApiError) : FeedbackReply {
        override val outcome get() = error.code
    }
}

/**
 * Takes feedback on requests that any node of the cluster has routed.
 *
 * @param candidates names of the models that a decision chooses between
 */
class FeedbackDesk(
    private val outcomes: Outcomes,
    private val replayIds: ReplayIds,
    private val ring: DecisionRing,
    private val records: Records,
    private val clock: Clock,
    private val candidates: (SelectionKey) -> Set<String>,
) {
    /** Never fails. */
    fun take(statement: Statement): CompletionStage<FeedbackReply> =
        routed(statement.id).thenCompose { request ->
            when {
                request == null -> CompletableFuture.completedFuture(UNKNOWN)
                !isCompared(request, statement) -> CompletableFuture.completedFuture(STRANGERS)
                else -> judged(feedback(request, statement), request)
            }
        }

    /** Anybody may name models, and each pair that is told of has sums of its own. */
    private fun isCompared(request: RoutedRequest, statement: Statement): Boolean =
        statement.against == null || candidates(request.key).containsAll(listOf(statement.model, statement.against))

    private fun judged(feedback: Feedback, request: RoutedRequest): CompletionStage<FeedbackReply> =
        outcomes.judge(feedback).thenApply { judgement ->
            val isNew = judgement == Judgement.Counted(repeated = false)
            if (isNew && feedback.model == request.model && feedback.against == null) note(request.requestId, feedback.sums)
            reply(judgement)
        }

    /** With the record of the request, which another node may have. */
    private fun note(requestId: String, sums: VerdictSums) {
        if (!ring.judged(requestId, sums)) records.judged(requestId, sums)
    }

    private fun routed(id: String): CompletionStage<RoutedRequest?> {
        val known = replayIds.read(id) ?: ring[id]?.routed()
        return if (known == null) records.find(id).thenApply { it?.routed() } else CompletableFuture.completedFuture(known)
    }

    private fun DecisionRecord.routed(): RoutedRequest? {
        val model = served ?: action.model ?: return null
        return RoutedRequest(id, SelectionKey(recipe.orEmpty(), decision.orEmpty()), model, traits.contextPoint())
    }

    private fun feedback(request: RoutedRequest, statement: Statement) =
        Feedback(
            id = idOf(request.requestId, statement.source, statement.idempotencyKey, *statement.compared()),
            key = request.key,
            model = statement.model ?: request.model,
            sums = statement.sums,
            at = clock.instant(),
            by = statement.by,
            context = request.context,
            against = statement.against,
        )

    /** A comparison is another statement than a verdict, and than that of another pair. */
    private fun Statement.compared(): Array<String?> = if (against == null) emptyArray() else arrayOf(model, against)

    /** One statement a source and request, unless it numbers them itself. Parts are told apart by their lengths. */
    private fun idOf(vararg parts: String?): String {
        val digest = MessageDigest.getInstance("SHA-256")
        parts.forEach { part -> digest.update("${part?.length ?: -1}:${part.orEmpty()}".encodeToByteArray()) }
        return HexFormat.of().formatHex(digest.digest(), 0, ID_BYTES)
    }

    private fun reply(judgement: Judgement): FeedbackReply =
        when (judgement) {
            is Judgement.Counted -> {
                FeedbackReply.Accepted(judgement.repeated)
            }

            Judgement.Contradicts -> {
                FeedbackReply.Refused(
                    ApiError(409, "feedback_contradicts", "Something else was said of this request before, by the same caller or key"),
                )
            }

            Judgement.Capped -> {
                val message = "This caller's feedback on this model has all the weight that one caller's may have; this was not counted"
                FeedbackReply.Refused(ApiError(429, "feedback_capped", message, retryable = false))
            }

            is Judgement.NotKept -> {
                val message = "The feedback may not have been kept, send it again: ${judgement.reason}"
                FeedbackReply.Refused(ApiError(503, "feedback_not_kept", message, retryAfterSeconds = 1))
            }
        }

    private companion object {
        const val ID_BYTES = 16
        val UNKNOWN: FeedbackReply =
            FeedbackReply.Refused(ApiError(404, "unknown_request", "No routed request is known by this id"))
        val STRANGERS: FeedbackReply =
            FeedbackReply.Refused(ApiError(400, "unknown_model", "The request's decision does not choose between these models"))
    }
}
