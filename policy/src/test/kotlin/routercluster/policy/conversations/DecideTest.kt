package routercluster.policy.conversations

import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import java.time.Duration
import java.time.Instant

class DecideTest {
    private val id = ConversationId("tenant", "id")
    private val now = Instant.parse("2026-01-01T00:00:00Z")

    @Test
    fun `a first turn begins the conversation, one that follows another does not`() {
        val begun = after(null, ConversationChange.BeginTurn(turn("a")))
        begun.turns.map { it.id } shouldBe listOf("a")
        begun.revision shouldBe 1
        null.decide(ConversationChange.BeginTurn(turn("b", parent = "a"))) shouldBe Verdict.Refused(Refusal.NO_CONVERSATION)
        begun.decide(ConversationChange.BeginTurn(turn("b", parent = "x"))) shouldBe Verdict.Refused(Refusal.NO_TURN)
    }

    @Test
    fun `every change that comes twice changes nothing the second time`() {
        val begun = after(null, ConversationChange.BeginTurn(turn("a")))
        val open = after(begun, ConversationChange.AddItems(listOf(Item("there", "{}"))))
        val changes =
            listOf(
                ConversationChange.BeginTurn(turn("b", parent = "a")),
                ConversationChange.EndTurn(turn("a", status = TurnStatus.COMPLETED)),
                ConversationChange.CancelTurn("a"),
                ConversationChange.DropTurn("a"),
                ConversationChange.Describe(mapOf("k" to "v")),
                ConversationChange.AddItems(listOf(Item("i", "{}"))),
                ConversationChange.DropItem("there"),
            )
        changes.forEach { change ->
            val once = after(open, change)
            once.decide(change) shouldBe Verdict.Same(once)
        }
        val created = after(null, ConversationChange.Create(emptyMap(), listOf(Item("i", "{}"))))
        created.decide(ConversationChange.Create(emptyMap(), listOf(Item("i", "{}")))) shouldBe Verdict.Same(created)
        null.decide(ConversationChange.Delete) shouldBe Verdict.Same(null)
    }

    @Test
    fun `a conversation that is there is not created again`() {
        val open = after(null, ConversationChange.BeginTurn(turn("a")))
        open.decide(ConversationChange.Create(emptyMap(), emptyList())) shouldBe Verdict.Refused(Refusal.CONVERSATION_EXISTS)
    }

    @Test
    fun `a turn that was cancelled stays so, and one that ended is not cancelled`() {
        val open = after(null, ConversationChange.BeginTurn(turn("a")))
        val cancelled = after(open, ConversationChange.CancelTurn("a"))
        cancelled.decide(ConversationChange.EndTurn(turn("a", status = TurnStatus.COMPLETED))) shouldBe Verdict.Refused(Refusal.TURN_ENDED)
        val ended = after(open, ConversationChange.EndTurn(turn("a", status = TurnStatus.COMPLETED)))
        ended.decide(ConversationChange.CancelTurn("a")) shouldBe Verdict.Refused(Refusal.TURN_ENDED)
    }

    @Test
    fun `a change to what is not there is refused by name`() {
        val changes =
            listOf(ConversationChange.EndTurn(turn("a")), ConversationChange.CancelTurn("a"), ConversationChange.Describe(emptyMap()))
        changes.forEach { null.decide(it) shouldBe Verdict.Refused(Refusal.NO_CONVERSATION) }
        val open = after(null, ConversationChange.BeginTurn(turn("a")))
        open.decide(ConversationChange.EndTurn(turn("b"))) shouldBe Verdict.Refused(Refusal.NO_TURN)
    }

    @Test
    fun `the oldest turns that have ended make room, and are counted`() {
        var conversation: Conversation? = null
        ('a'..'f').forEach { name ->
            conversation = after(conversation, ConversationChange.BeginTurn(turn("$name", use = Use(1, 2, 3))))
            if (name !=
                'b'
            ) {
                conversation =
                    after(conversation, ConversationChange.EndTurn(turn("$name", status = TurnStatus.COMPLETED, use = Use(1, 2, 3))))
            }
        }
        val kept = checkNotNull(conversation)
        kept.turns.map { it.id } shouldBe listOf("b", "e", "f")
        kept.dropped shouldBe 3
        kept.use shouldBe Use(6, 12, 18)
    }

    @Test
    fun `the turn that a new one follows stays`() {
        val first = after(null, ConversationChange.BeginTurn(turn("a", status = TurnStatus.COMPLETED)))
        val more = ('b'..'c').fold(
            first,
        ) { before, name -> after(before, ConversationChange.BeginTurn(turn("$name", status = TurnStatus.COMPLETED))) }
        after(more, ConversationChange.BeginTurn(turn("d", parent = "a"))).turns.map { it.id } shouldBe listOf("a", "c", "d")
    }

    @Test
    fun `what does not fit by itself is refused`() {
        val big = turn("a").copy(input = listOf(Item("i", "x".repeat(limits.characters))))
        null.decide(ConversationChange.BeginTurn(big)) shouldBe Verdict.Refused(Refusal.TOO_LARGE)
        val items = List(limits.items + 1) { Item("$it", "{}") }
        null.decide(ConversationChange.Create(emptyMap(), items)) shouldBe Verdict.Refused(Refusal.TOO_LARGE)
    }

    @Test
    fun `a turn that nobody can be working at any more is read as failed`() {
        val open = after(null, ConversationChange.BeginTurn(turn("a")))
        val openFor = Duration.ofMinutes(10)
        open.readAt(now + openFor, openFor) shouldBe open
        open
            .readAt(now + openFor + Duration.ofNanos(1), openFor)
            .turns
            .single()
            .status shouldBe TurnStatus.FAILED
    }

    private val limits = ConversationLimits(turns = 3, items = 10, characters = 1_000)

    private fun Conversation?.decide(change: ConversationChange): Verdict = decide(id, change, now, limits)

    private fun after(before: Conversation?, change: ConversationChange): Conversation =
        before.decide(change).shouldBeInstanceOf<Verdict.Changed>().conversation

    private fun turn(id: String, parent: String? = null, status: TurnStatus = TurnStatus.IN_PROGRESS, use: Use = Use.NONE) =
        Turn(id, parent, now, status, use = use)
}
