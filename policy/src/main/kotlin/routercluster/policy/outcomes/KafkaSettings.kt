package routercluster.policy.outcomes

import routercluster.policy.models.Secret

/**
 * Topics that statements on requests come from and decision records go to.
 *
 * @property servers `host:port` of brokers that know the others
 * @property feedback null reads none
 * @property records topic; null writes none
 * @property client properties of Kafka's own client, all of them about security
 */
data class KafkaSettings(
    val servers: List<String>,
    val feedback: FeedbackTopic? = null,
    val records: String? = null,
    val client: Map<String, Secret> = emptyMap(),
)

/** @property group of readers that share the topic: every node of a cluster, and nobody else */
data class FeedbackTopic(val topic: String, val group: String = GROUP) {
    companion object {
        const val GROUP = "routercluster"
    }
}
