package routercluster.policy.responses

import com.fasterxml.jackson.databind.node.ObjectNode

/**
 * A request to make a response, checked.
 *
 * @property body as the client wrote it
 * @property input items in their full form, each with its id; references to kept items stand as they came
 * @property store whether the response is kept
 * @property previousResponseId the response that it follows; never together with [conversationId]
 * @property dropsOldest whether the oldest turns may be left out to stay within the model's context window
 */
class ResponseRequest(
    val body: ObjectNode,
    val model: String,
    val input: List<ObjectNode>,
    val stream: Boolean,
    val background: Boolean,
    val store: Boolean,
    val previousResponseId: String?,
    val conversationId: String?,
    val dropsOldest: Boolean,
    val metadata: Map<String, String>,
)

/** Bounds that are this API's own. */
object ResponseBounds {
    /** Tools of one request. */
    const val TOOLS_MAX = 128

    /** Items that one call may put into a conversation, as at OpenAI. */
    const val NEW_ITEMS_MAX = 20

    const val METADATA_ENTRIES_MAX = 16
    const val METADATA_KEY_LENGTH_MAX = 64
    const val METADATA_VALUE_LENGTH_MAX = 512

    /** Entries of one page of a list; [PAGE_STANDARD] where the client does not say. */
    const val PAGE_MAX = 100
    const val PAGE_STANDARD = 20

    /** One event of an upstream's stream. */
    const val EVENT_BYTES_MAX = 4 * 1024 * 1024

    /** A whole answer of an upstream, and all that one answer may say. */
    const val ANSWER_BYTES_MAX = 16 * 1024 * 1024
}
