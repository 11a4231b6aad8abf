package routercluster.cluster.fleet

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import routercluster.kit.process.NodeProcess

private val json = ObjectMapper()

/** What the node says of itself while it is ready; null where nothing is wrong. */
fun NodeProcess.degraded(): String? {
    val told = checkNotNull(admin("/readyz")) { "$name says nothing" }
    withClue(told.body()) { told.statusCode() shouldBe 200 }
    return json
        .readTree(told.body())
        .path("degraded")
        .firstOrNull()
        ?.textValue()
}
