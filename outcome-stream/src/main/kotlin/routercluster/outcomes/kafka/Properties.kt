package routercluster.outcomes.kafka

import org.apache.kafka.clients.CommonClientConfigs
import org.apache.kafka.clients.consumer.ConsumerConfig
import org.apache.kafka.clients.producer.ProducerConfig
import routercluster.policy.outcomes.FeedbackTopic
import routercluster.policy.outcomes.KafkaSettings

/** Messages of one poll. Each may wait for a grain of another node, all of them at the same time. */
internal const val POLLED_MAX = 512

/** Longest wait for room or for the place of a topic, and for an answer to what was sent. */
private const val BLOCK_MILLIS = 5_000
private const val DELIVERY_MILLIS = 30_000
private const val BUFFER_BYTES = 8L * 1024 * 1024
private const val LINGER_MILLIS = 50

/** Nothing is committed but by us, and a group that is new begins with the oldest message: nothing that was accepted is lost. */
internal fun KafkaSettings.consumerProperties(feedback: FeedbackTopic): Map<String, Any> = common() +
    mapOf(
        ConsumerConfig.GROUP_ID_CONFIG to feedback.group,
        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG to false,
        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG to "earliest",
        ConsumerConfig.ISOLATION_LEVEL_CONFIG to "read_committed",
        ConsumerConfig.MAX_POLL_RECORDS_CONFIG to POLLED_MAX,
    )

/** A record counts as sent when all replicas that are in step have it. The only compression that needs no further library. */
internal fun KafkaSettings.producerProperties(): Map<String, Any> = common() +
    mapOf(
        ProducerConfig.ACKS_CONFIG to "all",
        ProducerConfig.COMPRESSION_TYPE_CONFIG to "gzip",
        ProducerConfig.LINGER_MS_CONFIG to LINGER_MILLIS,
        ProducerConfig.MAX_BLOCK_MS_CONFIG to BLOCK_MILLIS,
        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG to DELIVERY_MILLIS - LINGER_MILLIS,
        ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG to DELIVERY_MILLIS,
        ProducerConfig.BUFFER_MEMORY_CONFIG to BUFFER_BYTES,
    )

private fun KafkaSettings.common(): Map<String, Any> = client.mapValues { it.value.reveal() } +
    mapOf(
        CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG to servers.joinToString(","),
        CommonClientConfigs.CLIENT_ID_CONFIG to "routercluster",
        CommonClientConfigs.ENABLE_METRICS_PUSH_CONFIG to false,
    )
