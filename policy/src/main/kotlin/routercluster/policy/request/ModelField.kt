package routercluster.policy.request

import routercluster.policy.Limits

/**
 * What is read of a request other than chat: which model it asks for, and where that stands so that it can be replaced.
 *
 * @property span of the value of `model`: in JSON the string with its quotes, in a form the bare value
 * @property stream the `stream` field; absent is false
 */
class ModelField internal constructor(
    val bytes: ByteArray,
    val model: String,
    val span: Span,
    val stream: Boolean,
    private val encode: (String) -> ByteArray,
) {
    /** The body asking for [model] instead; all other bytes stay. The same array where the name is the same. */
    fun renamed(model: String): ByteArray =
        if (model == this.model) bytes else splice(bytes, listOf(Patch(span.start, span.end, encode(model))))
}

/**
 * Reads `model` and `stream` of any OpenAI JSON request (embeddings, completions, images, moderations …). The rest is checked to
 * be JSON and skipped.
 *
 * @throws BadRequest as [parseChat] does, but for the codes about messages
 */
fun parseModel(bytes: ByteArray, limits: Limits): ModelField =
    readObject(bytes, limits) { json ->
        var model: String? = null
        var span = Span(0, 0)
        var stream = false
        json.eachMember { name ->
            if (name == "model") {
                model = json.model()
                span = Span(json.tokenStart, json.tokenEnd)
            }
            if (name == "stream") stream = json.flag("stream")
        }
        ModelField(bytes, model ?: throw missingField("model"), span, stream, ::quotedJson)
    }
