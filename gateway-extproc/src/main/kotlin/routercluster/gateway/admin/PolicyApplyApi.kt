package routercluster.gateway.admin

import com.fasterxml.jackson.core.JsonProcessingException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.server.ServerBuilder
import com.linecorp.armeria.server.ServiceRequestContext
import routercluster.gateway.PolicyKeeper
import routercluster.policy.versions.LoggedPolicies
import java.time.Duration

/**
 * Takes a policy for the whole cluster: `POST /policy` with `{"policy": text, "file": its name}`. It is proven and made fit to serve on
 * this node, then every node is asked to take it.
 */
class PolicyApplyApi(private val keeper: PolicyKeeper, private val timeout: Duration = Duration.ofMinutes(2)) {
    fun addTo(server: ServerBuilder) {
        server
            .route()
            .path("/policy")
            .maxRequestLength(BODY_BYTES_MAX)
            .requestTimeout(timeout)
            .build(only(HttpMethod.POST) { ctx, req -> answer(ctx, req) })
    }

    /** A page in an operator's browser cannot send this type to another place unasked. */
    private fun answer(ctx: ServiceRequestContext, req: HttpRequest): HttpResponse =
        if (req.contentType()?.isJson == true) {
            HttpResponse.of(req.aggregate().thenApplyAsync({ apply(it.contentUtf8()) }, ctx.blockingTaskExecutor()))
        } else {
            error(HttpStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json")
        }

    private fun apply(body: String): HttpResponse {
        val json = parsed(body)
        val text =
            json?.path("policy")?.textValue()
                ?: return error(HttpStatus.BAD_REQUEST, "expected an object with the policy's text as \"policy\"")
        val file = json.path("file")
        val stranger = json.fieldNames().asSequence().firstOrNull { it !in fields }
        if (stranger != null || !(file.isTextual || file.isNull || file.isMissingNode)) {
            return error(HttpStatus.BAD_REQUEST, "expected, beside \"policy\", no more than the file's name as \"file\"")
        }
        val fault = keeper.apply(text, file.textValue() ?: "policy")
        if (fault != null) return error(HttpStatus.CONFLICT, fault)
        val policy = keeper.snapshot().policy
        return json(
            HttpStatus.OK,
            JsonNodeFactory.instance
                .objectNode()
                .put("version", keeper.running)
                .put("revision", policy.revision),
        )
    }

    private fun parsed(body: String): JsonNode? =
        try {
            mapper.readTree(body)
        } catch (_: JsonProcessingException) {
            null
        }

    private fun error(status: HttpStatus, message: String): HttpResponse {
        val body = JsonNodeFactory.instance.objectNode()
        body.putObject("error").put("message", message)
        return json(status, body)
    }

    private fun json(status: HttpStatus, body: ObjectNode) = HttpResponse.of(status, MediaType.JSON_UTF_8, body.toPrettyString())

    private companion object {
        val mapper = ObjectMapper()
        val fields = setOf("policy", "file")

        /** In JSON, where a character may take six bytes. */
        const val BODY_BYTES_MAX = 6L * LoggedPolicies.POLICY_BYTES_MAX + 1024
    }
}
