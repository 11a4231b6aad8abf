package routercluster.outcomes.kafka

import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import org.apache.kafka.clients.consumer.ConsumerRecord
import org.apache.kafka.clients.consumer.MockConsumer
import org.apache.kafka.common.KafkaException
import org.apache.kafka.common.TopicPartition
import org.junit.jupiter.api.Test
import routercluster.policy.outcomes.StatementIntake
import routercluster.policy.outcomes.Taken
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** The client of a broker is simulated here; `tests/cluster` has a real one. */
class FeedbackReaderTest {
    private val consumer = MockConsumer<ByteArray, ByteArray?>("earliest")
    private val heard = LinkedBlockingQueue<String>()
    private val pause = FeedbackReader.Pause(retry = Duration.ofMillis(1))

    /** Says what the test wants of each line, in the order in which they come. */
    private inner class Desk(private val says: (line: String, times: Int) -> Taken) : StatementIntake {
        private val times = HashMap<String, Int>()

        override fun take(line: ByteArray): CompletionStage<Taken> {
            val text = line.decodeToString()
            val said = says(text, times.merge(text, 1, Int::plus) ?: 1)
            heard += text
            return CompletableFuture.completedFuture(said)
        }
    }

    private fun has(vararg lines: String?) = consumer.schedulePollTask {
        consumer.rebalance(listOf(PARTITION))
        consumer.updateBeginningOffsets(mapOf(PARTITION to 0L))
        lines.forEachIndexed { at, line -> add(at.toLong(), line) }
    }

    /** The simulated broker forgets what was read once. */
    private fun hasAgain(from: Long, vararg lines: String) = consumer.schedulePollTask {
        lines.forEachIndexed { at, line -> add(from + at, line) }
    }

    private fun add(offset: Long, line: String?) = consumer.addRecord(ConsumerRecord("said", 0, offset, null, line?.encodeToByteArray()))

    private fun heard(count: Int) = List(count) { checkNotNull(heard.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "only $it lines came" } }

    /** What [look] sees when the reader's next poll begins, so that what came by the one before is settled, and nothing since. */
    private fun <T> atNextPoll(look: () -> T): T {
        val found = CompletableFuture<T>()
        consumer.schedulePollTask { found.complete(look()) }
        return found.get(WAIT_SECONDS, TimeUnit.SECONDS)
    }

    private fun offset(): Long? = consumer.committed(setOf(PARTITION))[PARTITION]?.offset()

    @Test
    fun `every statement is taken once, and then committed`(): Unit =
        FeedbackReader(consumer, "said", pause).use { reader ->
            has("a", "b", "c")
            reader.begin(Desk { _, _ -> Taken.KEPT })
            heard(3) shouldContainExactly listOf("a", "b", "c")
            atNextPoll(::offset) shouldBe 3
            reader.trouble shouldBe null
        }

    @Test
    fun `what may be lost is read again, and nothing behind it is committed before`(): Unit =
        FeedbackReader(consumer, "said", pause).use { reader ->
            has("a", "b", "c")
            repeat(2) { hasAgain(1, "b", "c") }
            val committedAt = mutableListOf<Long?>()
            reader.begin(
                Desk { line, times ->
                    if (line == "b") committedAt += offset()
                    if (line == "b" && times < 3) Taken.AWAY else Taken.KEPT
                },
            )
            heard(7) shouldContainExactly listOf("a", "b", "c", "b", "c", "b", "c")
            atNextPoll(::offset) shouldBe 3
            committedAt shouldContainExactly listOf(null, 1, 1)
        }

    @Test
    fun `a statement that nobody can use, and a message without a body, hold nothing up`(): Unit =
        FeedbackReader(consumer, "said", pause).use { reader ->
            has("not json", null, "good")
            reader.begin(Desk { line, _ -> if (line == "good") Taken.KEPT else Taken.REFUSED })
            heard(2) shouldContainExactly listOf("not json", "good")
            atNextPoll(::offset) shouldBe 3
        }

    @Test
    fun `an answer that does not come in time counts as away`(): Unit =
        FeedbackReader(consumer, "said", FeedbackReader.Pause(Duration.ofMillis(1), Duration.ofMillis(1))).use { reader ->
            has("a")
            hasAgain(0, "a")
            reader.begin { line -> CompletableFuture<Taken>().also { heard += line.decodeToString() } }
            heard(2) shouldContainExactly listOf("a", "a")
            atNextPoll { offset() to reader.trouble } shouldBe (0L to "statements may not have been kept, and are read again")
        }

    @Test
    fun `a topic that cannot be read is a trouble in words, and reading goes on`(): Unit =
        FeedbackReader(consumer, "said", pause).use { reader ->
            consumer.setPollException(KafkaException("the broker said no"))
            val told = CompletableFuture<String?>()
            consumer.schedulePollTask { }
            consumer.schedulePollTask { told.complete(reader.trouble) }
            has("a")
            reader.begin(Desk { _, _ -> Taken.KEPT })
            told.get(WAIT_SECONDS, TimeUnit.SECONDS) shouldBe "the topic said cannot be read: KafkaException"
            heard(1) shouldContainExactly listOf("a")
        }

    @Test
    fun `it can be closed without having read`() {
        FeedbackReader(consumer, "said").close()
        consumer.closed() shouldBe true
    }

    private companion object {
        const val WAIT_SECONDS = 30L
        val PARTITION = TopicPartition("said", 0)
    }
}
