package routercluster.gateway.responses

import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.conversations.Changed
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.Refusal
import routercluster.policy.conversations.TurnStatus
import routercluster.policy.conversations.Use
import routercluster.policy.responses.AnswerSoFar
import routercluster.policy.responses.responseError
import routercluster.policy.responses.responseObject
import java.time.Clock

/** Keeps turns of responses that are to be kept; the others pass as they are. Nothing is told to a client before it is durable. */
internal class KeepTurns(private val kept: KeptConversations, private val clock: Clock) {
    suspend fun begin(prepared: Prepared) {
        if (!prepared.request.store) return
        kept.changed(prepared.tenant, prepared.root, ConversationChange.BeginTurn(prepared.turn(TurnStatus.IN_PROGRESS)))
    }

    /** The response object of an answer that was read to its end, kept. Where the turn was cancelled meanwhile, as it was kept then. */
    suspend fun end(prepared: Prepared, answer: ModelAnswer): ObjectNode {
        val read = answer.reader
        return end(prepared, read.status, read.answer, answer)
    }

    /** The client left: what was said until then is kept. */
    suspend fun abandon(prepared: Prepared, answer: ModelAnswer) {
        answer.reader.close(null)
        val said = answer.reader.answer
        end(prepared, TurnStatus.CANCELLED, AnswerSoFar(said.model, said.output, usage = said.usage), answer)
    }

    /** No model answered. */
    suspend fun fail(prepared: Prepared, code: String, message: String): ObjectNode =
        end(prepared, TurnStatus.FAILED, AnswerSoFar(null, emptyList(), responseError(code, message)), null)

    private suspend fun end(prepared: Prepared, status: TurnStatus, said: AnswerSoFar, answer: ModelAnswer?): ObjectNode {
        val now = clock.instant()
        val response = prepared.draft.at(status, said, now)
        if (!prepared.request.store) return response
        val turn = prepared.turn(status, said, answer?.decision, answer?.use(said) ?: Use.NONE, now)
        return when (val outcome = kept.change(prepared.tenant, prepared.root, ConversationChange.EndTurn(turn))) {
            is Changed.Done -> response
            is Changed.Refused -> outcome.asKept(turn.id) ?: response
        }
    }

    /** The response as it stands in spite of us: as it was cancelled; null where it was deleted. */
    private fun Changed.Refused.asKept(id: String): ObjectNode? =
        when (refusal) {
            Refusal.TURN_ENDED -> conversation?.turns?.find { it.id == id }?.responseObject()
            Refusal.NO_TURN, Refusal.NO_CONVERSATION -> null
            Refusal.TOO_LARGE, Refusal.NO_ITEM, Refusal.CONVERSATION_EXISTS -> throw KeptConversations.refusal(refusal)
        }
}
