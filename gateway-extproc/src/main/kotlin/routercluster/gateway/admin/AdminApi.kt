package routercluster.gateway.admin

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.HttpHeaderNames
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.server.ServerBuilder
import routercluster.gateway.PolicyKeeper
import routercluster.gateway.http.Admission
import routercluster.gateway.versions.Standing
import routercluster.policy.config.format.byFeature
import routercluster.policy.encode.EncoderStatus
import routercluster.policy.record.exportRow
import routercluster.policy.record.toJson
import routercluster.telemetry.PrometheusEvents

/**
 * What operators ask for, on a port of its own: health, status, metrics, decision records. Nothing here calls a model.
 *
 * @param encoders those that are open, by name
 * @param standing of this node in its cluster's policy; null for a node alone
 * @param ports names to numbers, for `/status`
 */
class AdminApi(
    private val keeper: PolicyKeeper,
    private val admission: Admission,
    private val readiness: Readiness,
    private val decisions: DecisionLookup,
    private val metrics: (contentType: String) -> String,
    private val version: String,
    private val encoders: () -> Map<String, EncoderStatus>,
    private val standing: () -> Standing?,
    private val ports: () -> Map<String, Int>,
) {
    fun addTo(server: ServerBuilder) {
        addProbes(server)
        server.route().get("/metrics").build { _, req -> metrics(req.headers().get(HttpHeaderNames.ACCEPT)) }
        server.route().get("/status").build { _, _ -> json(HttpStatus.OK, status()) }
        // A request id may hold a slash.
        server.route().get("/decisions/{*id}").build { ctx, _ -> decision(ctx.pathParam("id").orEmpty()) }
        server.route().get(EXPORT).build { ctx, _ -> export(ctx.queryParam("after"), ctx.queryParam("limit")) }
        server.route().get("/decisions").build { _, _ -> json(HttpStatus.OK, newest()) }
        server.route().get("/models").build { _, _ -> json(HttpStatus.OK, models()) }
    }

    /** Liveness and readiness, also on the clients' port for load balancers that see no other. */
    fun addProbes(server: ServerBuilder) {
        server.service("/healthz") { _, _ -> json(HttpStatus.OK, obj().put("status", "alive")) }
        server.service("/readyz") { _, _ -> readiness() }
    }

    private fun readiness(): HttpResponse {
        val notReady = readiness.missing()
        val body = obj().put("status", if (notReady.isEmpty()) "ready" else "not ready")
        val reasons = body.putArray("not_ready")
        notReady.forEach(reasons::add)
        readiness.degraded().forEach { body.withArray("/degraded").add(it) }
        return json(if (notReady.isEmpty()) HttpStatus.OK else HttpStatus.SERVICE_UNAVAILABLE, body)
    }

    private fun status(): ObjectNode {
        val snapshot = keeper.snapshot()
        val load = keeper.lastLoad
        val body = obj().put("version", version).put("in_flight", admission.inFlight).put("draining", admission.isLeaving)
        body.putObject("policy").apply {
            put("revision", snapshot.policy.revision)
            put("last_load", load.at.toString())
            put("last_load_ok", load.reason == null)
            load.reason?.let { put("last_load_error", it) }
            standing()?.let { set<ObjectNode>("cluster", cluster(it)) }
        }
        snapshot.policy.notices.forEach { body.withArray("/policy/notices").add("$it") }
        snapshot.policy.inactive
            .byFeature()
            .forEach { body.withArray("/policy/inactive").add("$it") }
        encoders().forEach { (name, status) -> body.withObject("/encoders").set<ObjectNode>(name, encoder(status)) }
        ports().forEach { (name, port) -> body.withObject("/ports").put(name, port) }
        snapshot.upstreams.health().forEach { (id, state) -> body.withObject("/upstreams").put(id, state) }
        return body
    }

    /** Numbers of versions: which is in force here, and which should be. */
    private fun cluster(standing: Standing): ObjectNode {
        val body = obj().put("running", standing.running)
        standing.wanted?.let { body.put("wanted", it.number).put("wanted_revision", it.version.revision).put("proposed_by", it.by) }
        standing.fault?.let { body.put("fault", it) }
        return body
    }

    private fun encoder(status: EncoderStatus): ObjectNode =
        obj()
            .put("version", status.version)
            .put("device", status.device)
            .put("fell_back", status.fellBack)
            .put("ready", status.isReady)
            .put("queued_tokens", status.queuedTokens)

    private fun models(): ObjectNode {
        val policy = keeper.snapshot().policy
        val body = obj().put("default", policy.defaultModel.name)
        val list = body.putArray("models")
        policy.models.values.forEach { model ->
            val entry = list.addObject().put("name", model.name)
            val upstreams = entry.putArray("upstreams")
            model.upstreams.forEach { upstreams.add(it.toString()) }
            model.pricing?.let { entry.put("prompt_per_1m", it.promptPerMillion).put("completion_per_1m", it.completionPerMillion) }
        }
        return body
    }

    private fun decision(id: String): HttpResponse =
        HttpResponse.of(
            decisions.find(id).thenApply { record ->
                if (record == null) {
                    json(HttpStatus.NOT_FOUND, obj().put("error", "no decision is kept for request $id"))
                } else {
                    json(HttpStatus.OK, record.toJson())
                }
            },
        )

    /** What is kept, the newest first, a line's worth each; `/decisions/{id}` has the whole of one. */
    private fun newest(): ObjectNode {
        val body = obj()
        val list = body.putArray("decisions")
        decisions.newest(LISTED_MAX).forEach {
            list
                .addObject()
                .put("id", it.id)
                .put("time", it.time.toString())
                .put("asked", it.asked)
                .put("decision", it.decision)
                .put("model", it.action.model)
        }
        return body
    }

    /**
     * Of up to [limit] records of this node behind that of the request [after], those whose answers have ended: as [exportRow]s, one a
     * line, the oldest first. The last one's id is the next page's [after].
     */
    private fun export(after: String?, limit: String?): HttpResponse {
        val count = if (limit == null) EXPORTED_MAX else limit.toIntOrNull()?.takeIf { it in 1..EXPORTED_MAX }
        if (count == null) return json(HttpStatus.BAD_REQUEST, obj().put("error", "limit must be a whole number from 1 to $EXPORTED_MAX"))
        val page = decisions.after(after, count)
        val text = buildString { page.filter { it.end != null }.forEach { append(it.exportRow()).append('\n') } }
        return HttpResponse.of(HttpStatus.OK, NDJSON, text)
    }

    private fun metrics(accept: String?): HttpResponse {
        if (!keeper.snapshot().policy.metrics) return json(HttpStatus.NOT_FOUND, obj().put("error", "the policy has switched metrics off"))
        val type = PrometheusEvents.contentTypeFor(accept)
        return HttpResponse.of(HttpStatus.OK, MediaType.parse(type), metrics.invoke(type))
    }

    private fun obj(): ObjectNode = JsonNodeFactory.instance.objectNode()

    private fun json(status: HttpStatus, body: ObjectNode): HttpResponse = HttpResponse.of(
        status,
        MediaType.JSON_UTF_8,
        body.toPrettyString(),
    )

    companion object {
        const val EXPORT = "/decisions/export"

        /** Records of one page. */
        private const val EXPORTED_MAX = 1_000
        private val NDJSON = MediaType.create("application", "x-ndjson")
        private const val LISTED_MAX = 100
    }
}
