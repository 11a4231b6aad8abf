package routercluster.outcomes.kafka

import org.apache.kafka.clients.consumer.Consumer
import org.apache.kafka.clients.consumer.ConsumerRecords
import org.apache.kafka.clients.consumer.OffsetAndMetadata
import org.apache.kafka.common.KafkaException
import org.apache.kafka.common.errors.WakeupException
import org.slf4j.LoggerFactory
import routercluster.policy.outcomes.StatementIntake
import routercluster.policy.outcomes.Taken
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import java.util.concurrent.atomic.AtomicReference

/**
 * Reads statements on requests from a topic. What was read is committed when it is settled; what may be lost is read again, and counts once
 * all the same. A message that nobody can use is passed over: [StatementIntake] counts it.
 *
 * @param pause between two tries while something is away, and the longest time that the answers to one poll are waited for
 */
internal class FeedbackReader(
    private val consumer: Consumer<ByteArray, ByteArray?>,
    private val topic: String,
    private val pause: Pause = Pause(),
) : AutoCloseable {
    class Pause(val retry: Duration = Duration.ofSeconds(1), val answer: Duration = Duration.ofSeconds(30))

    private val closing = CountDownLatch(1)
    private val thread = AtomicReference<Thread>()

    /** What keeps it from reading, in words that everybody may read; null while it reads. */
    @Volatile
    var trouble: String? = null
        private set

    fun begin(intake: StatementIntake) {
        val own = Thread({ run(intake) }, "kafka-feedback")
        check(thread.compareAndSet(null, own)) { "the topic is read already" }
        own.start()
    }

    private fun run(intake: StatementIntake) {
        consumer.use {
            consumer.subscribe(listOf(topic))
            while (!isClosing) step(intake)
        }
    }

    private fun step(intake: StatementIntake) {
        try {
            val areSettled = settle(consumer.poll(POLL_MAX), intake)
            trouble = if (areSettled) null else "statements may not have been kept, and are read again"
            if (!areSettled) rest()
        } catch (_: WakeupException) {
            // Asked to close.
        } catch (failure: KafkaException) {
            troubled(failure)
        } catch (missing: LinkageError) {
            // A batch that is compressed in another way than gzip needs a library that is not here.
            troubled(missing)
        }
    }

    /** @return whether all of [polled] are settled; of each partition the first that is not is the next that is read */
    private fun settle(polled: ConsumerRecords<ByteArray, ByteArray?>, intake: StatementIntake): Boolean {
        if (polled.isEmpty) return true
        val asked = polled.partitions().associateWith { partition ->
            polled.records(partition).map { Asked(it.offset(), intake.asked(it.value())) }
        }
        await(asked.values.flatten().map { it.reply })
        val away = asked.mapValues { (_, all) -> all.firstOrNull { it.reply.getNow(Taken.AWAY) == Taken.AWAY } }
        // Before the commit, which may fail: what follows would be committed later, and this never read again.
        away.forEach { (partition, first) -> first?.let { consumer.seek(partition, it.offset) } }
        consumer.commitSync(asked.mapValues { (partition, all) -> OffsetAndMetadata(away[partition]?.offset ?: (all.last().offset + 1)) })
        return away.values.all { it == null }
    }

    private class Asked(val offset: Long, val reply: CompletableFuture<Taken>)

    private fun StatementIntake.asked(line: ByteArray?): CompletableFuture<Taken> =
        if (line == null) REFUSED else take(line).toCompletableFuture().exceptionally { Taken.AWAY }

    private fun await(replies: List<CompletableFuture<Taken>>) {
        try {
            CompletableFuture.allOf(*replies.toTypedArray()).get(pause.answer.toMillis(), TimeUnit.MILLISECONDS)
        } catch (_: TimeoutException) {
            log.warn("of {} statements {} have no answer in time", replies.size, replies.count { !it.isDone })
        }
    }

    private fun troubled(failure: Throwable) {
        val said = "the topic $topic cannot be read: ${failure.javaClass.simpleName}"
        if (trouble != said) log.warn("{}: {}", said, failure.message)
        trouble = said
        rest()
    }

    private val isClosing get() = closing.count == 0L

    private fun rest() {
        closing.await(pause.retry.toMillis(), TimeUnit.MILLISECONDS)
    }

    /** Returns when what was read is settled. */
    override fun close() {
        closing.countDown()
        val own = thread.get() ?: return consumer.close()
        consumer.wakeup()
        own.join(CLOSE_MAX.toMillis())
    }

    private companion object {
        val POLL_MAX: Duration = Duration.ofSeconds(1)
        val CLOSE_MAX: Duration = Duration.ofSeconds(10)
        val REFUSED: CompletableFuture<Taken> = CompletableFuture.completedFuture(Taken.REFUSED)
        val log = LoggerFactory.getLogger(FeedbackReader::class.java)
    }
}
