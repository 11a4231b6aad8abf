package routercluster.policy.responses

import com.fasterxml.jackson.databind.node.ObjectNode
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Limits
import routercluster.policy.conversations.Conversation
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Item
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import routercluster.policy.request.BadRequest
import java.time.Instant
import kotlin.random.Random

class ThreadTest {
    private fun item(id: String, text: String = id) =
        Item(id, """{"type":"message","id":"$id","role":"user","content":[{"type":"input_text","text":"$text"}]}""")

    private fun turn(id: String, parent: String?, status: TurnStatus = TurnStatus.COMPLETED) =
        Turn(id, parent, Instant.EPOCH, status, listOf(item("$id-in")), listOf(item("$id-out")))

    private fun conversation(vararg turns: Turn) =
        Conversation(ConversationId("t", "c"), 1, Instant.EPOCH, items = listOf(item("first")), turns = turns.toList())

    private fun ids(thread: Thread?) = thread?.items?.map { it.text("id") }

    @Test
    fun `a response that follows another has heard its branch alone`() {
        val all = conversation(turn("a", null), turn("b", "a"), turn("c", "a"), turn("d", "gone"))
        ids(all.threadTo("c")) shouldBe listOf("a-in", "a-out", "c-in", "c-out")
        ids(all.threadTo("d")) shouldBe listOf("d-in", "d-out")
        all.threadTo("x") shouldBe null
    }

    @Test
    fun `a conversation is all that was put into it and said to its end`() {
        val all = conversation(turn("a", null), turn("b", "a", TurnStatus.FAILED), turn("c", "b", TurnStatus.IN_PROGRESS))
        ids(all.wholeThread()) shouldBe listOf("first", "a-in", "a-out")
        all.wholeThread().parent shouldBe "c"
    }

    @Test
    fun `the oldest turns are left out where the window is too small`() {
        val all = conversation(turn("a", null), turn("b", "a"), turn("c", "b"))
        val thread = all.wholeThread()
        val each = tokens(thread.turns.last())
        ids(thread.within(null, 1_000)) shouldBe ids(thread)
        ids(thread.within(2 * each + 10, 10)) shouldBe listOf("b-in", "b-out", "c-in", "c-out")
        ids(thread.within(each - 1, 0)) shouldBe emptyList<String>()
        thread.within(each, 0).parent shouldBe "c"
    }

    @Test
    fun `a thread knows its turns, and whether a provider holds state of them`() {
        val all = conversation(turn("a", null), turn("b", "a"), turn("c", "a"))
        all.threadTo("c")?.kept?.map { it.id } shouldBe listOf("a", "c")
        all
            .wholeThread()
            .within(0, 0)
            .kept
            .map { it.id } shouldBe listOf("a", "b", "c")
        holdProviderState(all.wholeThread().items) shouldBe false
        listOf(
            """{"type":"reasoning","id":"r","summary":[],"encrypted_content":"c2VhbGVk"}""",
            """{"type":"message","role":"user","content":[{"type":"input_file","file_id":"file-1"}]}""",
        ).forEach { holdProviderState(listOf(storedObject(it))) shouldBe true }
        holdProviderState(listOf(storedObject("""{"type":"reasoning","id":"r","encrypted_content":null}"""))) shouldBe false
    }

    @Test
    fun `references become the items that they name`() {
        val body = """{"model":"m","input":[{"type":"item_reference","id":"a-out"},{"role":"user","content":"x"}]}"""
        val request = parseResponseRequest(body.toByteArray(), Limits(), Random(1))
        request.resolved(conversation(turn("a", null)).wholeThread()).input.map(ObjectNode::type) shouldBe listOf("message", "message")
        shouldThrow<BadRequest> { request.resolved(Thread.NONE) }.param shouldBe "input[0].id"
    }

    @Test
    fun `a page of a list`() {
        val items = ('a'..'e').map { item("$it") }

        fun asked(vararg query: Pair<String, String>) = page(items, PageRequest.of(query.toMap()::get))
        asked().path("data").map { it.path("id").textValue() } shouldBe listOf("e", "d", "c", "b", "a")
        val page = asked("order" to "asc", "limit" to "2", "after" to "b")
        page.path("data").map { it.path("id").textValue() } shouldBe listOf("c", "d")
        listOf(page.text("first_id"), page.text("last_id"), page.text("object"), "${page.path("has_more")}") shouldBe
            listOf("c", "d", "list", "true")
        asked("order" to "asc", "limit" to "2", "after" to "c").path("has_more").booleanValue() shouldBe false
        val bad = listOf("limit" to "0", "limit" to "101", "limit" to "x", "order" to "up", "after" to "z")
        bad.map { shouldThrow<BadRequest> { asked(it) }.param } shouldBe listOf("limit", "limit", "limit", "order", "after")
    }
}
