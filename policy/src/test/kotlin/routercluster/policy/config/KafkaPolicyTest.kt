package routercluster.policy.config

import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.models.Secret
import routercluster.policy.outcomes.FeedbackTopic
import routercluster.policy.outcomes.KafkaSettings

/** How `gateway.kafka` is read. */
class KafkaPolicyTest {
    private fun outcome(kafka: String) =
        provePolicy(
            """
            version: v0.3
            providers:
              defaults: {default_model: m}
              models: [{name: m, backend_refs: [{endpoint: "127.0.0.1:1"}]}]
            routing: {decisions: []}
            gateway:
              kafka: {$kafka}
            """.trimIndent(),
            "p.yaml",
            mapOf("JAAS" to "whoever")::get,
        )

    private fun settings(kafka: String): KafkaSettings? = (outcome(kafka) as PolicyOutcome.Proven).policy.gateway.kafka

    private fun problems(kafka: String): List<String> =
        (outcome(kafka) as PolicyOutcome.Refused).problems.map { "$it".removePrefix("p.yaml:").substringAfter(": ") }

    @Test
    fun `topics, brokers and how they are reached`() {
        settings("""servers: ["a:9092", "b:9092"], feedback: {topic: said}""") shouldBe
            KafkaSettings(listOf("a:9092", "b:9092"), FeedbackTopic("said", "routercluster"))
        val safe = """client: {security.protocol: SASL_SSL, sasl.mechanism: PLAIN, sasl.jaas.config: "${'$'}{JAAS}"}"""
        settings("""servers: ["a:9092"], feedback: {topic: said, group: ours}, records: {topic: decided}, $safe""") shouldBe
            KafkaSettings(
                listOf("a:9092"),
                FeedbackTopic("said", "ours"),
                "decided",
                mapOf(
                    "security.protocol" to Secret("SASL_SSL"),
                    "sasl.mechanism" to Secret("PLAIN"),
                    "sasl.jaas.config" to Secret("whoever"),
                ),
            )
    }

    @Test
    fun `without brokers or topics there is nothing to read`() {
        problems("""feedback: {topic: said}""") shouldContainExactly
            listOf("gateway.kafka.servers: is required; accepted: brokers as host:port")
        problems("""servers: ["a:9092"]""") shouldContainExactly
            listOf("gateway.kafka: has no topic; accepted: feedback, records or both")
        problems("""servers: [a], records: {topic: "a b"}""") shouldContainExactly
            listOf(
                "gateway.kafka.servers[0]: is not the address of a broker (found a); accepted: host:port",
                "gateway.kafka.records.topic: is not the name of a topic (found a b); accepted: up to 249 letters, digits, dots, - and _",
            )
        problems("""servers: ["a:9092"], feedback: {topic: t}, records: {topic: t}""") shouldContainExactly
            listOf("gateway.kafka.records.topic: is the topic that feedback is read from (found t); accepted: another topic")
    }

    @Test
    fun `no property loads code, or is about anything but security`() {
        val refused =
            listOf("sasl.login.callback.handler.class", "ssl.engine.factory.class", "security.providers", "interceptor.classes", "group.id")
        refused.forEach { name ->
            problems("""servers: ["a:9092"], records: {topic: t}, client: {$name: x}""") shouldContainExactly
                listOf(
                    "gateway.kafka.client.$name: is not a property that a policy may set (found $name); " +
                        "accepted: security.protocol, sasl.* and ssl.* that name no class",
                )
        }
    }
}
