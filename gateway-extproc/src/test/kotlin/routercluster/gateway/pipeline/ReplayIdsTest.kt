package routercluster.gateway.pipeline

import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.outcomes.ContextPoint
import routercluster.policy.outcomes.SelectionKey

class ReplayIdsTest {
    private val ids = ReplayIds { ByteArray(16) { 7 } }
    private val plain = RoutedRequest("request-1", SelectionKey("default", "chat"), "large")

    private fun point(size: Int) = ContextPoint(-5, ByteArray(size) { if (it == size - 1) 127 else (it - 20).toByte() })

    @Test
    fun `say what was routed, with the features that a selector went by`() {
        for (request in listOf(plain, plain.copy(context = point(33)), plain.copy(context = point(ContextPoint.FEATURES_MAX)))) {
            ids.read(ids.of(request)) shouldBe request
        }
        ids.of(plain.copy(context = point(33))).length shouldBeLessThan 200
    }

    @Test
    fun `one that was changed, is of another secret or no id is nothing`() {
        val id = ids.of(plain.copy(context = point(33)))
        ids.read(id.dropLast(1) + if (id.last() == 'A') 'B' else 'A').shouldBeNull()
        ReplayIds { ByteArray(16) { 8 } }.read(id).shouldBeNull()
        ids.read("request-1").shouldBeNull()
    }

    @Test
    fun `one of before there were features is read, and still made so where there are none`() {
        val before = "r1.AAlyZXF1ZXN0LTEAB2RlZmF1bHQABGNoYXQABWxhcmdlM0BmKju7I1sdWR3iaTt7qQ"
        ids.read(before) shouldBe plain
        ids.of(plain) shouldBe before
    }
}
