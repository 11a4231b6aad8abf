package routercluster.gateway.responses

import com.fasterxml.jackson.databind.JsonNode
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.QueryParams
import com.linecorp.armeria.common.RequestHeaders
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.server.ServiceRequestContext
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.withContext
import routercluster.gateway.http.Admission
import routercluster.gateway.http.toHttp
import routercluster.gateway.pipeline.Account
import routercluster.gateway.pipeline.Accounts
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.Journey
import routercluster.gateway.pipeline.OwnAnswer
import routercluster.gateway.pipeline.Pipeline
import routercluster.gateway.pipeline.Route
import routercluster.gateway.pipeline.Snapshot
import routercluster.policy.Limits
import java.util.concurrent.ScheduledExecutorService

/** What runs of models need of their gateway. */
class Serving(val snapshot: () -> Snapshot, val pipeline: Pipeline, val accounts: Accounts, val admission: Admission)

/**
 * One call of the Responses API.
 *
 * @property headers as the client sent them; those of [journey] may name the path that the call is routed as
 */
class ResponsesCall(
    private val ctx: ServiceRequestContext,
    headers: RequestHeaders,
    val journey: Journey,
    val account: Account,
    val body: ByteArray,
) {
    val method: HttpMethod = headers.method()
    val path: String = headers.path().substringBefore('?')
    val tenant: String = journey.snapshot.edge.tenant(headers, journey.peer)
    val limits: Limits = journey.snapshot.policy.gateway.limits
    val loop: ScheduledExecutorService = ctx.eventLoop().withoutContext()
    val dispatcher: CoroutineDispatcher = loop.asCoroutineDispatcher()
    private val query = QueryParams.fromQueryString(headers.path().substringAfter('?', ""))

    fun query(name: String): String? = query.get(name)

    /** Runs what takes a while for [bytes] bytes: on the event loop only where that is short. */
    suspend fun <T> forBytes(bytes: Int, work: () -> T): T =
        if (bytes <=
            EVENT_LOOP_BYTES_MAX
        ) {
            work()
        } else {
            withContext(ctx.blockingTaskExecutor().withoutContext().asCoroutineDispatcher()) { work() }
        }

    /** An answer that no model made. */
    fun answer(json: JsonNode): HttpResponse {
        account.answered(HttpStatus.OK.code())
        val headers = ResponseHeaders.builder(HttpStatus.OK).contentType(MediaType.JSON_UTF_8).add("x-request-id", journey.id)
        return HttpResponse.of(headers.build(), HttpData.ofUtf8(json.toString()))
    }

    fun refuse(error: ApiError, route: Route? = null): HttpResponse {
        account.refused(error)
        return OwnAnswer.refusal(journey, error, route).toHttp()
    }

    private companion object {
        /** As of the door's own bodies, with less, because these are read into a tree. */
        const val EVENT_LOOP_BYTES_MAX = 64 * 1024
    }
}
