package routercluster.policy.config.prove

import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.config.raw.RawKafka
import routercluster.policy.config.raw.RawProperty
import routercluster.policy.outcomes.FeedbackTopic
import routercluster.policy.outcomes.KafkaSettings

/** As Kafka has it. */
private val topicName = Regex("[A-Za-z0-9._-]{1,249}")

/** Properties that a policy may set: none of them names code to load, which those that end in `.class` or `.classes` do. */
private val clientPrefixes = listOf("security.protocol", "sasl.", "ssl.")
private val codeSuffixes = listOf(".class", ".classes", ".providers")

internal fun proveKafka(raw: RawKafka, problems: Problems): KafkaSettings? {
    if (raw.servers.isEmpty()) problems.add(raw.at, "is required", accepted = "brokers as host:port")
    raw.servers.filter { parseHostPort(it.value, defaultPort = null) == null }.forEach {
        problems.add(it.at, "is not the address of a broker", it.value, "host:port")
    }
    val topics = listOfNotNull(raw.feedback?.topic, raw.records)
    topics.forEach { proveTopic(it, problems) }
    if (raw.feedback == null && raw.records == null) {
        problems.add(raw.at.copy(path = raw.at.path.removeSuffix(".servers")), "has no topic", accepted = "feedback, records or both")
    }
    if (raw.feedback?.topic != null && raw.feedback.topic.value == raw.records?.value) {
        problems.add(raw.records.at, "is the topic that feedback is read from", raw.records.value, "another topic")
    }
    raw.client.forEach { proveProperty(it, problems) }
    return KafkaSettings(
        raw.servers.map { it.value },
        raw.feedback?.topic?.let { FeedbackTopic(it.value, raw.feedback.group?.value ?: FeedbackTopic.GROUP) },
        raw.records?.value,
        raw.client.mapNotNull { property -> property.value?.let { property.name to it } }.toMap(),
    )
}

private fun proveTopic(topic: Text, problems: Problems) {
    if (!topicName.matches(topic.value) || topic.value in listOf(".", "..")) {
        problems.add(topic.at, "is not the name of a topic", topic.value, "up to 249 letters, digits, dots, - and _")
    }
}

private fun proveProperty(property: RawProperty, problems: Problems) {
    if (clientPrefixes.none(property.name::startsWith) || codeSuffixes.any(property.name::endsWith)) {
        problems.add(
            property.at,
            "is not a property that a policy may set",
            property.name,
            "security.protocol, sasl.* and ssl.* that name no class",
        )
    }
}
