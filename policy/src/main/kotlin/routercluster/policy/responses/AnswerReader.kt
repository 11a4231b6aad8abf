package routercluster.policy.responses

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.conversations.TurnStatus

/**
 * Makes a response of what an upstream answers. Mutable; for one answer and one thread at a time. Malformed JSON and members of the
 * wrong type are passed over; an answer that never says its end has failed.
 */
abstract class AnswerReader(protected val model: String) {
    protected var error: ObjectNode? = null
    protected var incompleteReason: String? = null
    protected var usage: ObjectNode? = null
    protected var ended: Boolean = false

    /** What has been said so far, items that are still open included. */
    abstract val output: List<ObjectNode>

    val answer: AnswerSoFar get() = AnswerSoFar(model, output, error, incompleteReason, usage)

    /** How the answer ended; meaningful after [close]. */
    val status: TurnStatus
        get() =
            when {
                error != null -> TurnStatus.FAILED
                incompleteReason != null -> TurnStatus.INCOMPLETE
                else -> TurnStatus.COMPLETED
            }

    /** Takes the data of one event of a stream. */
    fun event(data: String): List<ResponseEvent> = parsed(data)?.let(::take).orEmpty()

    /** Takes a whole answer, which is no stream. */
    fun whole(body: ByteArray): List<ResponseEvent> = parsed(String(body))?.let(::takeWhole).orEmpty()

    /**
     * Nothing more comes: the events that close what is open.
     *
     * @param fault why the answer broke off; null where its bytes ended by themselves
     */
    fun close(fault: String? = null): List<ResponseEvent> {
        if (fault != null && error == null) error = responseError(SERVER_ERROR, fault)
        if (!ended && error == null) error = responseError(SERVER_ERROR, "The model's answer broke off")
        return closeItems(if (status == TurnStatus.COMPLETED) "completed" else "incomplete")
    }

    protected abstract fun take(json: JsonNode): List<ResponseEvent>

    protected abstract fun takeWhole(json: JsonNode): List<ResponseEvent>

    protected abstract fun closeItems(status: String): List<ResponseEvent>

    private fun parsed(text: String): JsonNode? =
        try {
            mapper.readTree(text)?.takeIf { it.isObject }
        } catch (_: JacksonException) {
            null
        }

    protected companion object {
        const val SERVER_ERROR = "server_error"
    }
}

/** The events that begin a stream. */
fun ResponseDraft.opening(queued: Boolean = false): List<ResponseEvent> {
    val first = if (queued) TurnStatus.QUEUED else TurnStatus.IN_PROGRESS
    return listOf(responseEvent("response.created", at(first))) +
        if (queued) listOf(responseEvent("response.queued", at(first))) else listOf(responseEvent("response.in_progress", at(first)))
}

/** The event that ends a stream, with the whole [response]. */
fun closing(response: ObjectNode): ResponseEvent = responseEvent("response.${response.text("status")}", response)

internal fun responseEvent(type: String, response: ObjectNode) = event(type) { set<ObjectNode>("response", response) }
