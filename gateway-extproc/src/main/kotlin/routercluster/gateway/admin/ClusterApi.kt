package routercluster.gateway.admin

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.server.ServerBuilder
import routercluster.grains.cluster.ClusterStatus
import routercluster.grains.cluster.ClusterView
import routercluster.grains.cluster.Draining
import routercluster.grains.cluster.MemberStatus
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** The cluster for operators, as this node sees it. */
class ClusterApi(private val view: ClusterView) {
    fun addTo(server: ServerBuilder) {
        val status = only(HttpMethod.GET) { _, _ -> HttpResponse.of(view.status().thenApply { json(HttpStatus.OK, it.toJson()) }) }
        server.route().path("/cluster").build(status)
        val drain = only(HttpMethod.POST) { _, request -> HttpResponse.of(request.aggregate().thenCompose { drained(it.contentUtf8()) }) }
        server.route().path("/cluster/drain").build(drain)
    }

    private fun drained(body: String): CompletionStage<HttpResponse> {
        val node = nodeIn(body) ?: return done(HttpStatus.BAD_REQUEST, "send {\"node\": \"host:port\"}")
        return view.drain(node).thenApply { draining ->
            when (draining) {
                Draining.TOLD -> json(HttpStatus.ACCEPTED, obj().put("draining", node))
                Draining.UNKNOWN -> json(HttpStatus.NOT_FOUND, error("no node of the cluster is at $node"))
                Draining.SILENT -> json(HttpStatus.GATEWAY_TIMEOUT, error("$node does not answer"))
            }
        }
    }

    private fun nodeIn(body: String): String? =
        try {
            mapper
                .readTree(body)
                ?.path("node")
                ?.asText()
                ?.ifEmpty { null }
        } catch (_: JacksonException) {
            null
        }

    private fun done(status: HttpStatus, message: String): CompletionStage<HttpResponse> =
        CompletableFuture.completedFuture(json(status, error(message)))

    private fun ClusterStatus.toJson(): ObjectNode {
        val body = obj().put("cluster", name).put("self", self)
        val list = body.putArray("nodes")
        members.forEach { list.add(it.toJson()) }
        return body
    }

    private fun MemberStatus.toJson(): ObjectNode {
        val node = obj()
            .put("address", address)
            .put("status", status)
            .put("reachable", isReachable)
            .put("version", version)
        node.putArray("roles").apply { roles.forEach(::add) }
        node.put("reports", report != null)
        report?.grains?.forEach {
            node
                .withObject("/grains")
                .putObject(it.kind)
                .put("shards", it.shards)
                .put("awake", it.grains)
        }
        report?.facts?.forEach { (name, value) -> node.withObject("/facts").put(name, value) }
        return node
    }

    private fun obj(): ObjectNode = JsonNodeFactory.instance.objectNode()

    private fun error(message: String): ObjectNode = obj().put("error", message)

    private fun json(status: HttpStatus, body: ObjectNode) = HttpResponse.of(status, MediaType.JSON_UTF_8, body.toPrettyString())

    private companion object {
        val mapper = ObjectMapper()
    }
}
