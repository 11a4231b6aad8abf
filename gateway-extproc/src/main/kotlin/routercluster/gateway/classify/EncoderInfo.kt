package routercluster.gateway.classify

import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.catalog.Catalog
import routercluster.policy.encode.EncoderStatus

/** The encoders of [catalog], what each serves, and how those fare that are open. */
internal fun encoderInfo(catalog: Catalog, open: Map<String, EncoderStatus>): ObjectNode {
    val json = obj()
    val list = json.putArray("models")
    catalog.encoders.keys.forEach { name ->
        val status = open[name]
        val entry = list.addObject().put("name", name).put("loaded", status != null)
        status?.let { entry.put("version", it.version).put("device", it.device).put("ready", it.isReady) }
        val heads = entry.putArray("heads")
        catalog.slots.entries.filter { it.value.ref.encoder == name }.groupBy({ it.value }, { it.key }).forEach { (head, slots) ->
            val shown = heads
                .addObject()
                .put(
                    "name",
                    head.ref.head,
                ).put("task", head.head.task.name)
                .put("calibrated", head.head.calibrated)
            shown.putArray("serves").apply { slots.forEach { add(it.key) } }
            shown.putArray("labels").apply { head.head.labels.forEach(::add) }
            if (head.head.dimensions > 0) shown.put("dimensions", head.head.dimensions)
        }
    }
    return json
}
