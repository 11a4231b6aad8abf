package routercluster.gateway.admin

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.server.ServerBuilder
import routercluster.gateway.PolicyKeeper
import routercluster.gateway.versions.HistoryFailure
import routercluster.gateway.versions.PolicyHistory
import routercluster.policy.versions.toJson

/** Which versions of the policy were in force, for operators. [history] is null where the policy comes from no file. */
class PolicyHistoryApi(private val keeper: PolicyKeeper, private val history: PolicyHistory?) {
    fun addTo(server: ServerBuilder) {
        server.route().path("/policy/history").build(only(HttpMethod.GET) { _, _ -> answer() })
    }

    private fun answer(): HttpResponse {
        val kept = history ?: return json(HttpStatus.NOT_FOUND, error("this router's policy comes from no file, so it has no history"))
        val log =
            try {
                kept.versions()
            } catch (failure: HistoryFailure) {
                return json(HttpStatus.INTERNAL_SERVER_ERROR, error(failure.message))
            }
        val body = JsonNodeFactory.instance.objectNode()
        body.put("file", kept.file.toString()).put("in_force", keeper.snapshot().policy.revision)
        kept.fault?.let { body.put("fault", it) }
        val list = body.putArray("versions")
        log.versions.asReversed().forEach { list.add(it.toJson()) }
        return json(HttpStatus.OK, body)
    }

    private fun error(message: String): ObjectNode = JsonNodeFactory.instance.objectNode().put("error", message)

    private fun json(status: HttpStatus, body: ObjectNode) = HttpResponse.of(status, MediaType.JSON_UTF_8, body.toPrettyString())
}
