package routercluster.policy.cache

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import java.time.Instant

class KeptAnswerTest {
    private val noon = Instant.parse("2026-01-01T12:00:00Z")

    @Test
    fun `an answer is read back from its bytes`() {
        val answer = StorableAnswer("text ä", "small-1", 3, 5)
        val kept = KeptAnswer(answer, "small", "default", "faq", noon, 0.5, noon.minusSeconds(2), "user-a", "law")
        val read = checkNotNull(KeptAnswer.fromBytes(kept.toBytes()))
        listOf(
            read.answer,
            read.model,
            read.recipe,
            read.decision,
            read.keptAt,
            read.cost,
            read.askedAt,
            read.namespace,
            read.category,
        ) shouldBe
            listOf(answer, "small", "default", "faq", noon, 0.5, noon.minusSeconds(2), "user-a", "law")
    }

    @Test
    fun `bytes of before tell nothing of whose it is and count as asked for when they were kept`() {
        val old = """{"format":1,"text":"t","model":"small","recipe":"default","decision":"faq","kept_at":${noon.toEpochMilli()}}"""
        val read = checkNotNull(KeptAnswer.fromBytes(old.encodeToByteArray()))
        listOf(read.keptAt, read.askedAt, read.namespace, read.category, read.cost) shouldBe listOf(noon, noon, null, null, null)
    }

    @Test
    fun `what is none is none`() {
        for (bytes in listOf("", "{", "[]", "null", """{"format":2,"text":"t"}""", """{"format":1}""")) {
            withClue(bytes) { KeptAnswer.fromBytes(bytes.encodeToByteArray()) shouldBe null }
        }
    }
}
