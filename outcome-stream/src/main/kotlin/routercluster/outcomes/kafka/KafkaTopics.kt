package routercluster.outcomes.kafka

import org.apache.kafka.clients.consumer.KafkaConsumer
import org.apache.kafka.clients.producer.KafkaProducer
import org.apache.kafka.common.KafkaException
import org.apache.kafka.common.serialization.ByteArrayDeserializer
import org.apache.kafka.common.serialization.ByteArraySerializer
import routercluster.policy.outcomes.KafkaSettings
import routercluster.policy.outcomes.StatementIntake
import routercluster.policy.record.RecordSink

/** Settings that Kafka's client does not take, or brokers whose names nobody knows. [message] says which. */
class InvalidKafka(override val message: String, cause: Throwable) : Exception(message, cause)

/**
 * The topics of a node. Records go to theirs from the start; feedback is read from [read] on, since it needs the doors' desk.
 *
 * @throws InvalidKafka for settings that cannot be used; that no broker answers is a trouble, not an error
 */
class KafkaTopics(settings: KafkaSettings) : AutoCloseable {
    private val writer = settings.records?.let { topic ->
        RecordWriter(made { KafkaProducer(settings.producerProperties(), ByteArraySerializer(), ByteArraySerializer()) }, topic)
    }
    private val reader = settings.feedback?.let { feedback ->
        val properties = settings.consumerProperties(feedback)
        FeedbackReader(made { KafkaConsumer(properties, ByteArrayDeserializer(), ByteArrayDeserializer()) }, feedback.topic)
    }

    /** Null where records go nowhere. */
    val records: RecordSink? get() = writer

    init {
        writer?.begin()
    }

    /** Once. */
    fun read(intake: StatementIntake) {
        reader?.begin(intake)
    }

    /** What is wrong, in words that everybody may read. */
    fun troubles(): List<String> = listOfNotNull(reader?.trouble, writer?.trouble).map { "kafka: $it" }

    /** Reads no more; returns when what was read is settled. */
    fun stopReading() {
        reader?.close()
    }

    override fun close() {
        stopReading()
        writer?.close()
    }

    private fun <T> made(make: () -> T): T =
        try {
            make()
        } catch (failure: KafkaException) {
            throw InvalidKafka("gateway.kafka: ${generateSequence<Throwable>(failure) { it.cause }.last().message}", failure)
        }
}
