package routercluster.policy.vectors

import io.kotest.matchers.floats.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class QueriesTest {
    @Test
    fun `what stands well in both rankings comes first`() {
        val fused = fused(listOf(listOf("a", "b", "c"), listOf("c", "d", "a")))
        fused.map { it.first } shouldBe listOf("a", "c", "b", "d")
        fused.first().second shouldBe ((1 / 61f + 1 / 63f) plusOrMinus 1e-6f)
        fused<String>(emptyList()) shouldBe emptyList()
    }

    @Test
    fun `a hybrid search looks deeper than it is asked to`() {
        fun depth(limit: Int) = HybridQuery(floatArrayOf(1f), "x", Scope(setOf("a")), limit).depth
        depth(1) shouldBe 30
        depth(100) shouldBe 300
    }

    @Test
    fun `words are compared in lower case, without what stands between`() {
        terms("Don't PANIC: it's 42!") shouldBe terms("don’t panic it’s 42")
        terms("?!") shouldBe emptyList()
        terms("x".repeat(1_000)).single().length shouldBe 64
    }

    @Test
    fun `a filter is met by fields as it says`() {
        val fields = mapOf("kind" to FieldValue.Text("chat"), "size" to FieldValue.Number(3.0))
        val isChat = Filter.Equals("kind", FieldValue.Text("chat"))
        isChat.meets(fields) shouldBe true
        isChat.meets(emptyMap()) shouldBe false
        Filter.Not(isChat).meets(emptyMap()) shouldBe true
        Filter.Range("size", from = 3.0, until = 4.0).meets(fields) shouldBe true
        Filter.Range("size", until = 3.0).meets(fields) shouldBe false
        Filter.Range("kind", from = 0.0).meets(fields) shouldBe false
        Filter.And(listOf(isChat, Filter.In("size", setOf(FieldValue.Number(3.0))))).meets(fields) shouldBe true
    }

    @Test
    fun `a vector keeps its direction`() {
        unit(floatArrayOf(3f, 0f, -4f)).toList() shouldBe listOf(0.6f, 0f, -0.8f)
    }
}
