package routercluster.policy.request

/** Half-open range of byte offsets into a request body. */
data class Span(val start: Int, val end: Int)

/**
 * A request body that was parsed once. It keeps the client's bytes: an edit replaces spans and leaves everything else,
 * unknown fields and number formats included, exactly as the client wrote it.
 *
 * @property model the `model` field
 * @property stream the `stream` field; absent is false
 * @property saysStreamUsage whether `stream_options` say something of usage that is the client's own business: it is asked for, or in
 *   a way that only the upstream can judge. False where it is not asked for: absent, null, false
 * @property fields top-level field name to the span of its value
 * @property members top-level field name to the span of the whole member, name to value, without commas
 * @property messageSpans one per message, in order
 * @property messages what signals read of the messages, in the same order
 * @property toolCount tool definitions, legacy `functions` included
 * @property metadata the `metadata` field; absent is empty
 * @property hasProviderState whether it goes on from what one provider alone holds or can read, see [ProviderState]
 */
class ChatBody(
    val bytes: ByteArray,
    val model: String,
    val stream: Boolean,
    val saysStreamUsage: Boolean,
    val fields: Map<String, Span>,
    val members: Map<String, Span>,
    val messageSpans: List<Span>,
    val messages: List<Message>,
    val toolCount: Int,
    val metadata: Map<String, String>,
    val hasProviderState: Boolean = false,
)

/** Why a body was refused. [code] is stable; [param] names the field where there is one. Texts never quote the prompt. */
class BadRequest(
    val status: Int,
    val code: String,
    override val message: String,
    val param: String? = null,
) : Exception(message, null, false, false)
