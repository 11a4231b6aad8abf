package routercluster.outcomes.kafka

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import org.apache.kafka.clients.producer.MockProducer
import org.apache.kafka.clients.producer.RoundRobinPartitioner
import org.apache.kafka.common.errors.RecordTooLargeException
import org.apache.kafka.common.serialization.ByteArraySerializer
import org.junit.jupiter.api.Test
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.decisionRecordOf

/** The client of a broker is simulated here; `tests/cluster` has a real one. */
class RecordWriterTest {
    @Test
    fun `records go out under their ids, and closing sends what waits`() {
        val producer = mock()
        val writer = RecordWriter(producer, "records").apply { begin() }
        repeat(20) { writer.offer(record("r$it")) }
        writer.close()
        writer.sent shouldBe 20
        val sent = producer.history()
        sent.map { it.key().decodeToString() } shouldContainExactly List(20) { "r$it" }
        sent.map { decisionRecordOf(it.value().decodeToString()).id } shouldContainExactly List(20) { "r$it" }
        json.readTree(sent.first().value()).has("propensities") shouldBe false
        producer.closed() shouldBe true
    }

    @Test
    fun `where there is no room a record is dropped and counted`() {
        val writer = RecordWriter(mock(), "records", room = 2)
        repeat(5) { writer.offer(record("r$it")) }
        writer.dropped shouldBe 3
        writer.begin()
        writer.close()
        writer.sent shouldBe 2
    }

    @Test
    fun `a record that the topic does not take is counted, and is a trouble until one is taken`() {
        val producer = mock(answersAtOnce = false)
        val writer = RecordWriter(producer, "records").apply { begin() }
        writer.offer(record("long"))
        writer.offer(record("short"))
        while (producer.history().size < 2) Thread.onSpinWait()
        producer.errorNext(RecordTooLargeException("too large"))
        writer.failed shouldBe 1
        writer.trouble shouldBe "the topic records takes no records: RecordTooLargeException"
        producer.completeNext()
        writer.trouble shouldBe null
        writer.close()
        writer.sent shouldBe 1
    }

    private fun mock(answersAtOnce: Boolean = true) =
        MockProducer(answersAtOnce, RoundRobinPartitioner(), ByteArraySerializer(), ByteArraySerializer())

    private fun record(id: String): DecisionRecord =
        decisionRecordOf(
            """
            {"id":"$id","time":"2026-01-01T00:00:00Z","policy_revision":"p","asked_model":"auto","recipe":"default","decision":"d",
            "confidence":1.0,"seed":1,"action":{"kind":"forward","model":"m"},"request":null,"signals":[],"encoder_calls":[],
            "decisions":[],"candidates":[],"usage":null}
            """.trimIndent(),
        )

    private companion object {
        val json = ObjectMapper()
    }
}
