package routercluster.gateway.responses

import routercluster.gateway.pipeline.Translated
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import routercluster.policy.conversations.Use
import routercluster.policy.responses.AnswerSoFar
import routercluster.policy.responses.METADATA_FIELD
import routercluster.policy.responses.ResponseDraft
import routercluster.policy.responses.ResponseRequest
import routercluster.policy.responses.Root
import routercluster.policy.responses.Thread
import routercluster.policy.responses.holdProviderState
import routercluster.policy.responses.keptItems
import routercluster.policy.responses.keptResponse
import routercluster.policy.responses.nativeRequest
import java.time.Instant

/**
 * A request for a response with all that it refers to, ready to be routed.
 *
 * @property root where the response is kept
 * @property chat the chat completion that it is routed as
 */
internal class Prepared(
    val tenant: String,
    val request: ResponseRequest,
    val root: Root,
    private val thread: Thread,
    val draft: ResponseDraft,
    val chat: ByteArray,
) {
    val translated =
        Translated(RESPONSES_PATH, setOf(METADATA_FIELD), thread.kept, holdProviderState(thread.items + request.input)) { edited ->
            nativeRequest(request, thread.items, chat, edited)
        }

    /** The turn as it is kept at [status]. */
    fun turn(status: TurnStatus, answer: AnswerSoFar? = null, decision: String? = null, use: Use = Use.NONE, now: Instant? = null) =
        Turn(
            id = draft.id,
            parent = thread.parent,
            startedAt = draft.createdAt,
            status = status,
            input = keptItems(request.input),
            output = keptItems(answer?.output.orEmpty()),
            response = keptResponse(draft.at(status, answer, now)),
            model = answer?.model,
            decision = decision,
            use = use,
        )
}
