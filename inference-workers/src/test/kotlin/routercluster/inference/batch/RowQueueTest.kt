package routercluster.inference.batch

import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class RowQueueTest {
    private val queue = RowQueue(tokens = 100, rows = 8)

    @Test
    fun `takes the row that is due with those of its length`() {
        add(10, 50, 11, 9)
        lengths(queue.take(0)) shouldContainExactly listOf(9, 10, 11)
        lengths(queue.take(0)) shouldContainExactly listOf(50)
        queue.take(0).shouldBeEmpty()
    }

    @Test
    fun `keeps to the budget of tokens, padding included`() {
        add(30, 30, 30, 30)
        lengths(queue.take(0)).size shouldBe 3
        queue.load shouldBe 30
    }

    @Test
    fun `a row longer than the budget goes alone`() {
        add(500, 500)
        lengths(queue.take(0)) shouldContainExactly listOf(500)
    }

    @Test
    fun `keeps to the most rows`() {
        add(*IntArray(20) { 2 })
        queue.take(0).size shouldBe 8
    }

    @Test
    fun `what nobody waits for any more is not computed`() {
        val over = Waiting().apply { isOver = true }
        queue.add(row(10, owner = over))
        queue.add(row(11, deadline = 5))
        queue.add(row(12, deadline = 50))
        lengths(queue.take(5)) shouldContainExactly listOf(12)
        queue.load shouldBe 0
    }

    @Test
    fun `short texts come in between the windows of a long one`() {
        repeat(4) { queue.add(row(90, rank = 10L * it)) }
        queue.add(row(5, rank = 15))
        lengths(queue.take(0)) shouldContainExactly listOf(90)
        lengths(queue.take(0)) shouldContainExactly listOf(90)
        lengths(queue.take(0)) shouldContainExactly listOf(5)
    }

    @Test
    fun `a row that failed in company runs alone`() {
        queue.add(row(10).alone())
        queue.add(row(10, rank = 1))
        queue.take(0).size shouldBe 1
        queue.take(0).size shouldBe 1
    }

    private fun add(vararg lengths: Int) = lengths.forEachIndexed { i, length -> queue.add(row(length, rank = i.toLong())) }

    private fun lengths(rows: List<Row>) = rows.map { it.window.size }.sorted()
}
