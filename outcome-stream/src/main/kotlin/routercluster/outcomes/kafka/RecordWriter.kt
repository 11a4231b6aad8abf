package routercluster.outcomes.kafka

import org.apache.kafka.clients.producer.Producer
import org.apache.kafka.clients.producer.ProducerRecord
import org.apache.kafka.common.KafkaException
import org.slf4j.LoggerFactory
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.RecordSink
import routercluster.policy.record.exportRow
import java.time.Duration
import java.util.concurrent.ArrayBlockingQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong

/**
 * Writes decision records to a topic, each under the id of its request, as lines of `router replay export` but for the propensities of the
 * candidates that were not picked. Kafka's client may block, so that a queue and a thread stand between it and requests.
 */
internal class RecordWriter(
    private val producer: Producer<ByteArray, ByteArray>,
    private val topic: String,
    room: Int = ROOM,
) : RecordSink,
    AutoCloseable {
    private val waiting = ArrayBlockingQueue<DecisionRecord>(room)
    private val counts = Counts()
    private val thread = Thread(::run, "kafka-records")

    @Volatile
    private var isClosing = false

    /** What keeps records from being sent, in words that everybody may read; null while they are. */
    @Volatile
    var trouble: String? = null
        private set

    override val sent get() = counts.sent.get()
    override val dropped get() = counts.dropped.get()
    override val failed get() = counts.failed.get()

    fun begin() = thread.start()

    override fun offer(record: DecisionRecord) {
        if (isClosing || !waiting.offer(record)) counts.dropped.incrementAndGet()
    }

    private fun run() {
        producer.use {
            while (true) {
                val record = waiting.poll(WAIT_MILLIS, TimeUnit.MILLISECONDS)
                if (record != null) {
                    send(record)
                } else if (isClosing) {
                    return
                }
            }
        }
    }

    private fun send(record: DecisionRecord) {
        val row = record.exportRow(withPropensities = false).encodeToByteArray()
        try {
            producer.send(ProducerRecord(topic, record.id.encodeToByteArray(), row)) { _, failure -> told(failure) }
        } catch (failure: KafkaException) {
            told(failure)
        }
    }

    private fun told(failure: Exception?) {
        if (failure == null) {
            counts.sent.incrementAndGet()
            trouble = null
            return
        }
        counts.failed.incrementAndGet()
        val said = "the topic $topic takes no records: ${failure.javaClass.simpleName}"
        if (trouble != said) log.warn("{}: {}", said, failure.message)
        trouble = said
    }

    /** Sends what waits; what is left after a time is dropped. */
    override fun close() {
        isClosing = true
        thread.join(CLOSE_MAX.toMillis())
        counts.dropped.addAndGet(waiting.size.toLong())
    }

    private class Counts(
        val sent: AtomicLong = AtomicLong(),
        val dropped: AtomicLong = AtomicLong(),
        val failed: AtomicLong = AtomicLong(),
    )

    private companion object {
        /** A record holds a few kilobytes. */
        const val ROOM = 4_096
        const val WAIT_MILLIS = 100L
        val CLOSE_MAX: Duration = Duration.ofSeconds(10)
        val log = LoggerFactory.getLogger(RecordWriter::class.java)
    }
}
