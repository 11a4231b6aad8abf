package routercluster.kit.process

import kafka.server.KafkaConfig
import kafka.server.KafkaRaftServer
import org.apache.kafka.clients.admin.Admin
import org.apache.kafka.clients.admin.NewTopic
import org.apache.kafka.common.TopicPartition
import org.apache.kafka.common.Uuid
import org.apache.kafka.common.utils.Time
import org.apache.kafka.metadata.storage.Formatter
import org.apache.kafka.server.common.MetadataVersion
import java.io.OutputStream
import java.io.PrintStream
import java.nio.file.Path

/** One broker in this process, which is its own controller. */
class KafkaBroker(folder: Path) : AutoCloseable {
    private val ports = List(2) { freePort("127.0.0.1") }
    private val server: KafkaRaftServer
    val address = "127.0.0.1:${ports[0]}"

    init {
        val listeners = "PLAINTEXT://$address,CONTROLLER://127.0.0.1:${ports[1]}"
        Formatter()
            .setClusterId(Uuid.randomUuid().toString())
            .setNodeId(NODE)
            .addDirectory("$folder")
            .setMetadataLogDirectory("$folder")
            .setReleaseVersion(MetadataVersion.latestProduction())
            .setControllerListenerName("CONTROLLER")
            .setPrintStream(PrintStream(OutputStream.nullOutputStream()))
            .run()
        val settings =
            mapOf(
                "process.roles" to "broker,controller",
                "node.id" to "$NODE",
                "controller.quorum.voters" to "$NODE@127.0.0.1:${ports[1]}",
                "listeners" to listeners,
                "advertised.listeners" to "PLAINTEXT://$address",
                "controller.listener.names" to "CONTROLLER",
                "log.dirs" to "$folder",
                "offsets.topic.replication.factor" to "1",
                "offsets.topic.num.partitions" to "1",
                "group.initial.rebalance.delay.ms" to "0",
                "auto.create.topics.enable" to "false",
            )
        server = KafkaRaftServer(KafkaConfig(settings, false), Time.SYSTEM)
        server.startup()
    }

    fun create(topic: String, partitions: Int = 1) {
        Admin.create(mapOf("bootstrap.servers" to address)).use { admin ->
            admin.createTopics(listOf(NewTopic(topic, partitions, 1))).all().get()
        }
    }

    /** What [group] has committed, by partition of all topics. */
    fun committed(group: String): Map<TopicPartition, Long> =
        Admin.create(mapOf("bootstrap.servers" to address)).use { admin ->
            val offsets = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get()
            offsets.mapValues { (_, found) -> found?.offset() ?: 0 }
        }

    override fun close() {
        server.shutdown()
        server.awaitShutdown()
    }

    private companion object {
        const val NODE = 1
    }
}
