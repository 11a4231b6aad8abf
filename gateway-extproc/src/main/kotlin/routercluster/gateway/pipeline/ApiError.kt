package routercluster.gateway.pipeline

import com.fasterxml.jackson.core.JsonFactory
import com.linecorp.armeria.common.HttpData
import org.slf4j.LoggerFactory
import java.io.ByteArrayOutputStream

/**
 * An error as a client sees it.
 *
 * @property status HTTP status
 * @property code stable, for programs
 * @property message for people; never holds prompt text, credentials or upstream addresses
 * @property param the request field at fault, where there is one
 * @property retryAfterSeconds when trying again may help
 * @property retryable false tells clients with retries of their own that ours are spent
 */
data class ApiError(
    val status: Int,
    val code: String,
    val message: String,
    val param: String? = null,
    val retryAfterSeconds: Int? = null,
    val retryable: Boolean = true,
)

/** A fault of our own. The text of [failure] may quote the request, so just its kind and place are logged. */
internal fun internalError(failure: Throwable): ApiError {
    log.error("a request failed inside the router: {} at {}", failure.javaClass.name, failure.stackTrace.firstOrNull())
    return ApiError(500, "internal_error", "The router failed to handle this request")
}

private val log = LoggerFactory.getLogger("routercluster.gateway.pipeline")

/** The wire format whose error shape a client expects; told by the path it called. */
enum class ClientProtocol {
    OPENAI,
    ANTHROPIC,
    ;

    /** The error as a whole answer's body. */
    fun body(error: ApiError, requestId: String): HttpData = HttpData.wrap(json(error, requestId))

    /** The error as the last event of a stream that had already begun. */
    fun event(error: ApiError, requestId: String): HttpData {
        val name = if (this == ANTHROPIC) "event: error\n" else ""
        return HttpData.wrap("${name}data: ".toByteArray() + json(error, requestId) + "\n\n".toByteArray())
    }

    private fun json(error: ApiError, requestId: String): ByteArray {
        val out = ByteArrayOutputStream(256)
        jsonFactory.createGenerator(out).use { json ->
            json.writeStartObject()
            if (this == ANTHROPIC) json.writeStringField("type", "error")
            json.writeObjectFieldStart("error")
            json.writeStringField("message", error.message)
            json.writeStringField("type", type(error.status))
            if (this == OPENAI) json.writeStringField("param", error.param)
            json.writeStringField("code", error.code)
            json.writeEndObject()
            if (this == ANTHROPIC) json.writeStringField("request_id", requestId)
            json.writeEndObject()
        }
        return out.toByteArray()
    }

    private fun type(status: Int): String =
        when (status) {
            401 -> "authentication_error"
            403 -> if (this == OPENAI) "permission_denied_error" else "permission_error"
            404 -> if (this == OPENAI) "invalid_request_error" else "not_found_error"
            429 -> if (this == OPENAI) "rate_limit_exceeded" else "rate_limit_error"
            in 400..499 -> "invalid_request_error"
            529 -> "overloaded_error"
            else -> if (this == OPENAI) "server_error" else "api_error"
        }

    companion object {
        private val jsonFactory = JsonFactory()

        fun of(path: String): ClientProtocol = if (path.startsWith("/v1/messages")) ANTHROPIC else OPENAI
    }
}
