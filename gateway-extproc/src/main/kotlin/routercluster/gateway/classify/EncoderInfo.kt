package routercluster.gateway.classify

import com.fasterxml.jackson.databind.node.ArrayNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.Policy
import routercluster.policy.catalog.NamedHead
import routercluster.policy.catalog.Slot
import routercluster.policy.encode.EncoderStatus

/** The encoders of [policy], services among them, what each serves, and how those fare that are open. */
internal fun encoderInfo(policy: Policy, open: Map<String, EncoderStatus>): ObjectNode {
    val json = obj()
    val list = json.putArray("models")
    (policy.catalog.encoders.keys + policy.services).forEach { name ->
        val status = open[name]
        val entry = list.addObject().put("name", name).put("loaded", status != null)
        status?.let { entry.put("version", it.version).put("device", it.device).put("ready", it.isReady) }
        val heads = entry.putArray("heads")
        policy.catalog.slots.entries
            .filter { it.value.ref.encoder == name }
            .groupBy({ it.value }, { it.key })
            .forEach { (head, slots) -> heads.add(head, slots) }
    }
    return json
}

private fun ArrayNode.add(named: NamedHead, slots: List<Slot>) {
    val head = named.head
    val entry = addObject().put("name", named.ref.head).put("task", head.task.name).put("calibrated", head.calibrated)
    entry.putArray("serves").apply { slots.forEach { add(it.key) } }
    entry.putArray("labels").apply { head.labels.forEach(::add) }
    if (head.dimensions > 0) entry.put("dimensions", head.dimensions)
}
