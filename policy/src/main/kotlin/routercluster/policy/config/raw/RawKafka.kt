package routercluster.policy.config.raw

import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.models.Secret

/** `gateway.kafka` as written. */
internal class RawKafka(
    val at: Location,
    val servers: List<Text>,
    val feedback: RawFeedbackTopic?,
    val records: Text?,
    val client: List<RawProperty>,
)

internal class RawFeedbackTopic(val topic: Text?, val group: Text?)

internal class RawProperty(val name: String, val at: Location, val value: Secret?)

internal fun readKafka(section: Section): RawKafka {
    val client = section.section("client")
    return RawKafka(
        section.at("servers"),
        section.texts("servers"),
        section.section("feedback")?.let { RawFeedbackTopic(it.requiredText("topic"), it.text("group")) },
        section.section("records")?.requiredText("topic"),
        client?.keys.orEmpty().map { RawProperty(it, checkNotNull(client).atKey(it), client.secret(it)) },
    )
}
