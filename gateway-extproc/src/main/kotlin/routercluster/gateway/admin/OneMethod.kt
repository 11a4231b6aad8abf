package routercluster.gateway.admin

import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.server.HttpService
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.ClientProtocol

/** [service] for one method of a path. Armeria's own refusal of other methods does not say which is allowed. */
internal fun only(method: HttpMethod, service: HttpService) =
    HttpService { ctx, req -> if (req.method() == method) service.serve(ctx, req) else notAllowed(method) }

private fun notAllowed(allowed: HttpMethod): HttpResponse {
    val headers = ResponseHeaders.builder(HttpStatus.METHOD_NOT_ALLOWED).contentType(MediaType.JSON_UTF_8).set("allow", allowed.name)
    val error = ApiError(HttpStatus.METHOD_NOT_ALLOWED.code(), "method_not_allowed", "Only $allowed is allowed here")
    return HttpResponse.of(headers.build(), ClientProtocol.OPENAI.body(error, ""))
}
