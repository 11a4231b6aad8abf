package routercluster.cluster

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import org.apache.kafka.clients.consumer.KafkaConsumer
import org.apache.kafka.clients.producer.KafkaProducer
import org.apache.kafka.clients.producer.ProducerRecord
import org.apache.kafka.common.TopicPartition
import org.apache.kafka.common.serialization.StringDeserializer
import org.apache.kafka.common.serialization.StringSerializer
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.RegisterExtension
import org.junit.jupiter.api.io.TempDir
import routercluster.cluster.fleet.ServedCluster
import routercluster.cluster.fleet.servedPolicy
import routercluster.kit.LogsOnFailure
import routercluster.kit.process.KafkaBroker
import routercluster.kit.process.NodeProcess
import routercluster.kit.process.RedisProcess
import routercluster.policy.record.decisionRecordOf
import java.nio.file.Path
import java.time.Duration

/** Two nodes as they are shipped, one Redis, and a Kafka broker. */
class KafkaTest {
    @TempDir
    lateinit var folder: Path

    private var written: () -> String = { "" }
    private val opened = mutableListOf<AutoCloseable>()

    @RegisterExtension
    val logs = LogsOnFailure("the nodes") { written() }

    @AfterEach
    fun close() = opened.asReversed().forEach(AutoCloseable::close)

    @Test
    fun `records of all nodes go to a topic, and what another one says of them counts once, also after a restart`() {
        val broker = KafkaBroker(folder).also(opened::add)
        broker.create(SAID, partitions = 2)
        broker.create(DECIDED)
        val redis = RedisProcess.start().also(opened::add)
        val kafka = """, kafka: {servers: ["${broker.address}"], feedback: {topic: $SAID}, records: {topic: $DECIDED}}"""
        val policy = { port: Int -> servedPolicy(port, ROUTING, redis.port, kafka) }
        val cluster = ServedCluster(listOf("all", "all"), policyText = policy).also(opened::add)
        written = cluster::logs
        cluster.start()

        // Each client of the two has a door of its own.
        repeat(REQUESTS) { cluster.chat(client = it % 2, it).status shouldBe 200 }
        val ids = records(broker, REQUESTS).map { decisionRecordOf(it).id }.distinct()
        ids.size shouldBe REQUESTS

        say(broker, ids.map(::liked) + "not a statement")
        cluster.nodes.first().await("all statements are settled", PATIENCE) {
            Unit.takeIf { broker.committed(GROUP).values.sum() == REQUESTS + 1L }
        }
        liked(cluster) shouldBe REQUESTS

        cluster.nodes.forEach(NodeProcess::kill)
        cluster.start()
        say(broker, ids.map(::liked))
        cluster.nodes.first().await("all statements are settled again", PATIENCE) {
            Unit.takeIf { broker.committed(GROUP).values.sum() == 2 * REQUESTS + 1L }
        }
        liked(cluster) shouldBe REQUESTS
    }

    @Test
    fun `a broker that is away is said, and holds up no request`() {
        val kafka = """, kafka: {servers: ["127.0.0.1:1"], feedback: {topic: $SAID}, records: {topic: $DECIDED}}"""
        val cluster = ServedCluster(listOf("all"), policyText = { servedPolicy(it, ROUTING, gateway = kafka) }).also(opened::add)
        written = cluster::logs
        cluster.start()
        cluster.chat(0, 0).status shouldBe 200
        cluster.nodes.first().await("the trouble is told", PATIENCE) {
            cluster.nodes
                .first()
                .admin("/readyz")
                ?.takeIf { "the topic decided takes no records: TimeoutException" in it.body() }
        }
    }

    private fun liked(id: String) = """{"replay_id":"$id","target":"model","verdict":"good_fit"}"""

    /** Good verdicts that are learnt from. One that was counted, but not told so in time, is read again and is a repeat then. */
    private fun liked(cluster: ServedCluster): Int {
        val learnt = json.readTree(
            cluster.nodes
                .first()
                .admin("/learning")
                .shouldNotBeNull()
                .body(),
        )
        return learnt.findValues("verdicts").flatMap { it.findValues("good_fit") }.sumOf { it.asInt() }
    }

    private fun records(broker: KafkaBroker, count: Int): List<String> {
        KafkaConsumer(mapOf("bootstrap.servers" to broker.address), StringDeserializer(), StringDeserializer()).use { consumer ->
            consumer.assign(listOf(TopicPartition(DECIDED, 0)))
            consumer.seekToBeginning(consumer.assignment())
            val rows = ArrayList<String>()
            while (rows.size < count) consumer.poll(Duration.ofSeconds(1)).mapTo(rows) { it.value() }
            return rows
        }
    }

    private fun say(broker: KafkaBroker, lines: List<String>) {
        KafkaProducer(mapOf("bootstrap.servers" to broker.address), StringSerializer(), StringSerializer()).use { producer ->
            lines.mapIndexed { at, line -> producer.send(ProducerRecord(SAID, at % 2, null, line)) }.forEach { it.get() }
        }
    }

    private companion object {
        const val SAID = "said"
        const val DECIDED = "decided"
        const val GROUP = "routercluster"
        const val REQUESTS = 10
        const val ROUTING =
            "{decisions: [{name: all, priority: 1, rules: {operator: AND, conditions: []}, modelRefs: [{model: small}, {model: large}]}]}"
        val PATIENCE: Duration = Duration.ofSeconds(60)
        val json = ObjectMapper()
    }
}
