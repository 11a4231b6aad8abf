package routercluster.dataplane

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.ints.shouldBeGreaterThanOrEqual
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.snakeyaml.engine.v2.api.Load
import org.snakeyaml.engine.v2.api.LoadSettings
import routercluster.cli.loadWithFiles
import routercluster.cli.localEncoders
import routercluster.gateway.encode.EncoderPool
import routercluster.gateway.encode.ReadyPolicy
import routercluster.gateway.encode.planWith
import routercluster.gateway.encode.ready
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.routing.begin
import routercluster.policy.routing.resolve
import routercluster.policy.signals.Reading
import java.nio.file.Files
import java.nio.file.Path
import kotlin.random.Random

/** The seed's knowledge bases, named by a policy beside them, with the program's own encoder; where the shared folder is at hand. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KnowledgeBasesTest {
    private val encoders = EncoderPool(localEncoders)
    private var open: ReadyPolicy? = null

    @BeforeAll
    fun open() {
        assumeTrue(folder != null, "../shared is not here")
        val groups =
            mapOf("privacy_kb" to listOf("privacy_policy", "local_standard"), "mmlu_kb" to listOf("escalate", "keep"))
                .flatMap { (base, groups) -> groups.map { base to it } }
        val text = """
            version: v0.3
            providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
            routing:
              signals:
                kb: [${groups.joinToString { (base, group) -> "{name: $group, kb: $base, target: {kind: group, value: $group}}" }}]
              decisions: [${groups.joinToString { (_, group) -> "{name: $group, rules: {type: kb, name: $group}}" }}]
            gateway: {signal_timeouts: {kb: 60s}}
        """.trimIndent()
        open = encoders.ready(loadWithFiles(text, "${checkNotNull(folder).resolve("policy.yaml")}") { null })
    }

    @AfterAll
    fun close() {
        open?.close()
        encoders.close()
    }

    /** What each rule reads in [text]. */
    private fun readings(text: String): Map<String, Reading.Seen> {
        val (policy, lease) = checkNotNull(open).run { policy to lease }
        val facts = Facts(listOf(Message(Role.USER, text)))
        val plan = planWith(lease, policy.begin(policy.resolve("auto"), facts, Random(1), everything = true))
        return plan.readings.associate { (ref, reading) -> ref.name to reading.shouldBeInstanceOf<Reading.Seen>() }
    }

    @Test
    fun `rules and metrics of both are read`() {
        val found = readings("Summarize this internal runbook and extract the action items.")
        found.keys shouldBe setOf("privacy_policy", "local_standard", "escalate", "keep")
        found.getValue("keep").labels.keys shouldBe setOf("best_score", "best_matched_score", "escalate_vs_keep")
        found.getValue("privacy_policy").labels.keys shouldBe setOf("best_score", "best_matched_score", "private_vs_public")
        for (base in listOf(listOf("privacy_policy", "local_standard"), listOf("escalate", "keep"))) {
            withClue("only one group has the best label") { base.count { found.getValue(it).matched } shouldBeLessThanOrEqual 1 }
        }
    }

    /**
     * What the seed expects of the group that keeps confidential work at home, and of what has to stay out of it. The seed's own encoder is
     * multilingual and larger, so not all are met: those that are not are written out, and none is left out.
     */
    @Test
    fun `probes of the privacy rule`() {
        val probes = listOf("privacy", "mom-v1").flatMap { probes(checkNotNull(folder).resolve("recipes/$it/probes.yaml")) }
        probes.shouldNotBeEmpty()
        val missed = probes.filter { readings(it.text).getValue("privacy_policy").matched != it.holds }
        val told = missed.map { "${it.text} -> ${!it.holds}" }
        println((listOf("${probes.size - missed.size} of ${probes.size} probes are met") + told).joinToString("\n  not: "))
        probes.size - missed.size shouldBeGreaterThanOrEqual PROBES_MET
    }

    private class Probe(val text: String, val holds: Boolean)

    /** Those that expect the rule, or forbid it. */
    private fun probes(file: Path): List<Probe> {
        val root = Load(LoadSettings.builder().build()).loadFromString(Files.readString(file)) as Map<*, *>
        return root.maps("decisions").flatMap { decision ->
            decision.maps("variants").mapNotNull { variant ->
                val holds =
                    when {
                        namesBase(variant["expected_signals"]) -> true
                        namesBase(decision["forbidden_signals"]) || namesBase(variant["forbidden_signals"]) -> false
                        else -> null
                    }
                holds?.let { Probe(variant["query"] as String, it) }
            }
        }
    }

    private fun Map<*, *>.maps(key: String): List<Map<*, *>> = (this[key] as? List<*>).orEmpty().map { it as Map<*, *> }

    private fun namesBase(signals: Any?): Boolean = (signals as? Map<*, *>)?.get("kb") != null

    private companion object {
        // One fewer than were met with this bundle (6 of 8): processors round differently.
        const val PROBES_MET = 5

        val folder: Path? =
            generateSequence(Path.of("").toAbsolutePath(), Path::getParent)
                .map { it.resolve("shared/data/vllm-semantic-router") }
                .firstOrNull(Files::isDirectory)
    }
}
