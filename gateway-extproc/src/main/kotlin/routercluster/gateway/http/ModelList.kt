package routercluster.gateway.http

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.HttpData
import routercluster.policy.Policy

/** The body for GET /v1/models and /v1/models/{name}, or null for anything else and for unknown names. */
fun modelsAnswer(path: String, policy: Policy): HttpData? {
    val listed = policy.autoNames + policy.entrypoints.keys + if (policy.listModels) policy.models.keys else emptySet()
    if (path == "/v1/models") {
        val list = JsonNodeFactory.instance.objectNode().put("object", "list")
        val data = list.putArray("data")
        listed.forEach { data.add(entry(it)) }
        return HttpData.ofUtf8(list.toString())
    }
    val name = path.removePrefix("/v1/models/")
    if (name == path || (name !in listed && name !in policy.models)) return null
    return HttpData.ofUtf8(entry(name).toString())
}

private fun entry(name: String): ObjectNode =
    JsonNodeFactory.instance
        .objectNode()
        .put("id", name)
        .put("object", "model")
        .put("created", 0)
        .put("owned_by", "routercluster")
