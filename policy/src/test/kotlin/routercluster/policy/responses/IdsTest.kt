package routercluster.policy.responses

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import kotlin.random.Random

class IdsTest {
    @Test
    fun `an id tells where its response is kept`() {
        val random = Random(1)
        listOf(Root.newConversation(random), Root.newThread(random)).forEach { root ->
            Root.ofResponse(root.newResponseId(random)) shouldBe root
        }
        val conversation = Root.newConversation(random)
        Root.ofConversation(conversation.conversationId.orEmpty()) shouldBe conversation
        Root.newThread(random).conversationId shouldBe null
    }

    @Test
    fun `what is no id of ours is none`() {
        val digits = "0".repeat(56)
        listOf(
            "",
            "resp_",
            "resp_x$digits",
            "resp_c${digits}0",
            "resp_c${digits.dropLast(1)}G",
            "c$digits",
        ).map(Root::ofResponse).distinct() shouldBe
            listOf(null)
        listOf(
            "",
            "conv_",
            "conv_${"0".repeat(31)}",
            "0".repeat(32),
            "conv_${"G".repeat(32)}",
        ).map(Root::ofConversation).distinct() shouldBe
            listOf(null)
    }
}
