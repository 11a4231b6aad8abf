package routercluster.gateway.extproc

import com.google.protobuf.Struct
import com.google.protobuf.Value
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.gateway.pipeline.Delivery
import routercluster.policy.FailureClass

class AttributesTest {
    private fun told(details: String?, attempts: Double?): Delivery? {
        val fields = Struct.newBuilder()
        details?.let { fields.putFields("response.code_details", Value.newBuilder().setStringValue(it).build()) }
        attempts?.let { fields.putFields("upstream.request_attempt_count", Value.newBuilder().setNumberValue(it).build()) }
        return delivery(ProcessingRequest.newBuilder().putAttributes("envoy.filters.http.ext_proc", fields.build()).build())
    }

    @Test
    fun `Envoy's words are understood`() {
        val rows =
            listOf(
                Triple("via_upstream", 1.0, Delivery(1, answered = true, failure = null)),
                Triple("via_upstream", 3.0, Delivery(3, answered = true, failure = null)),
                Triple("via_upstream", null, Delivery(1, answered = true, failure = null)),
                Triple("upstream_response_timeout", 1.0, Delivery(1, answered = false, FailureClass.TIMEOUT)),
                Triple("upstream_per_try_timeout", 2.0, Delivery(2, answered = false, FailureClass.TIMEOUT)),
                Triple("no_healthy_upstream", 0.0, Delivery(0, answered = false, FailureClass.CONNECT)),
                Triple(
                    "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_111}",
                    1.0,
                    Delivery(1, answered = false, FailureClass.CONNECT),
                ),
                Triple("upstream_reset_before_response_started{overflow}", 1.0, Delivery(1, answered = false, failure = null)),
                Triple("direct_response", 0.0, Delivery(0, answered = false, failure = null)),
                Triple(null, 1.0, null),
                Triple("", 1.0, null),
            )
        for ((details, attempts, expected) in rows) withClue("$details, $attempts") { told(details, attempts) shouldBe expected }
        delivery(ProcessingRequest.getDefaultInstance()) shouldBe null
    }
}
