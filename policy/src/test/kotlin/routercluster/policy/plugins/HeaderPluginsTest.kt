package routercluster.policy.plugins

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.junit.jupiter.api.Test
import routercluster.policy.plugins.Plugin.HeaderMutation

class HeaderPluginsTest {
    private val headers = listOf("Accept" to "a", "X-Tag" to "1", "x-tag" to "2", "user-agent" to "u")

    @Test
    fun `deletes, updates where present and adds always, in this order`() {
        val rows =
            listOf(
                HeaderMutation(add = listOf("x-new" to "n")) to headers + ("x-new" to "n"),
                HeaderMutation(add = listOf("X-TAG" to "n")) to listOf("Accept" to "a", "X-TAG" to "n", "user-agent" to "u"),
                HeaderMutation(update = listOf("x-new" to "n", "accept" to "b")) to listOf("accept" to "b") + headers.drop(1),
                HeaderMutation(delete = listOf("x-tag", "absent")) to listOf("Accept" to "a", "user-agent" to "u"),
                HeaderMutation(listOf("accept" to "n"), listOf("accept" to "u"), listOf("Accept")) to headers.drop(1) + ("accept" to "n"),
            )
        rows.forEach { (plugin, expected) -> withClue(plugin) { outgoingHeaders(headers, listOf(plugin)) shouldBe expected } }
    }

    @Test
    fun `applies plugins one after the other, and leaves the list alone without any`() {
        outgoingHeaders(headers, listOf(Plugin.FastResponse("x"))) shouldBeSameInstanceAs headers
        val twice = listOf(HeaderMutation(add = listOf("a" to "1")), HeaderMutation(update = listOf("a" to "2")))
        outgoingHeaders(emptyList(), twice) shouldBe listOf("a" to "2")
    }

    @Test
    fun `accepts ordinary names and values`() {
        HeaderMutation(listOf("x-a" to "b; c=\"é\"\tz"), listOf("X_b" to ""), listOf("User-Agent")).problems() shouldBe emptyList()
    }

    @Test
    fun `rejects names that are protected and text that is no header`() {
        val protected = "is protected and cannot be changed by a plugin"
        val malformed = "is not a header name"
        val control = "has a value with control characters or blanks at its ends"
        val plugin =
            HeaderMutation(
                add = listOf("ok" to "v", "Host" to "h", ":path" to "/", "a b" to "v", "" to "v", "x" to "a\r\nHost: b", "x" to " v"),
                update = listOf("AUTHORIZATION" to "k", "X-Corp-Key" to "k", "Transfer-Encoding" to "chunked"),
                delete = listOf("x-selected-model", "content-length"),
            )
        plugin.problems(setOf("x-corp-KEY")) shouldBe
            listOf(
                HeaderProblem("add[1]", "Host", protected),
                HeaderProblem("add[2]", ":path", protected),
                HeaderProblem("add[3]", "a b", malformed),
                HeaderProblem("add[4]", "", malformed),
                HeaderProblem("add[5]", "x", control),
                HeaderProblem("add[6]", "x", control),
                HeaderProblem("update[0]", "AUTHORIZATION", protected),
                HeaderProblem("update[1]", "X-Corp-Key", protected),
                HeaderProblem("update[2]", "Transfer-Encoding", protected),
                HeaderProblem("delete[0]", "x-selected-model", protected),
                HeaderProblem("delete[1]", "content-length", protected),
            )
        protectedHeaders.all { it == it.lowercase() } shouldBe true
    }
}
