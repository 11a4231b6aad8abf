package routercluster.policy.config.lint

import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.Policy
import routercluster.policy.catalog.FakeFiles
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Prepared
import java.time.Duration
import kotlin.math.cos
import kotlin.math.sin

/** Members of partitions, with vectors that the texts themselves say: a text is its angle in degrees. */
class AlikeMembersTest {
    private fun policy(signals: String, members: String, more: String = ""): Policy =
        loadPolicy(
            """
            version: v0.3
            providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
            $more
            routing:
              signals: {$signals}
              projections: {partitions: [{name: topic, semantics: exclusive, members: [$members], default: a}]}
              decisions: [{name: d}]
            """.trimIndent(),
            "p.yaml",
            { null },
            FakeFiles(),
        )

    private fun embeddings(vararg rules: Pair<String, String>) =
        "embeddings: [${rules.joinToString { (name, angles) -> "{name: $name, threshold: 0.5, candidates: [$angles]}" }}]"

    private fun Policy.findings() = lint(this, "p.yaml") { null }.map(::told)

    private fun embedded(policy: Policy): Policy {
        val preparation = checkNotNull(membersToEmbed(policy))
        val replies = preparation.requests.map { request ->
            val results = request.passages.map { passage ->
                val angle = Math.toRadians(passage.text.toDouble())
                val vector = HeadResult.Vector(floatArrayOf(cos(angle).toFloat(), sin(angle).toFloat()))
                PassageResult(passage.heads.associateWith { vector }, Coverage(1, 1, passage.text.length, passage.text.length))
            }
            EncodeReply(results, 1, Duration.ZERO, Duration.ZERO)
        }
        return preparation.complete(replies).shouldBeInstanceOf<Prepared.Ready>().policy
    }

    @Test
    fun `members that mean the same are told with how alike they are`() {
        val alike = policy(embeddings("a" to "0, 60", "b" to "10, 65", "c" to "150"), "a, b, c")
        alike.findings().shouldBeEmpty()
        embedded(alike).findings() shouldBe
            listOf(
                "alike-members routing.projections.partitions[0].members[1]: is to the partition topic what a is: candidates of " +
                    "likeness 0.9906, so hardly a text tells them apart",
            )
    }

    @Test
    fun `members that only share a part are not`() {
        embedded(policy(embeddings("a" to "0", "b" to "0, 90", "c" to "30"), "a, b, c")).findings().shouldBeEmpty()
    }

    @Test
    fun `nothing is embedded that is in no partition, or in one alone`() {
        membersToEmbed(policy(embeddings("a" to "0", "b" to "1"), "a")).shouldBeNull()
        val preparation = checkNotNull(membersToEmbed(policy(embeddings("a" to "0", "b" to "90") + ", reasks: [{name: r}]", "a, b")))
        preparation.requests
            .single()
            .passages
            .map { it.text } shouldBe listOf("0", "90")
    }

    @Test
    fun `no service is asked for a warning`() {
        val remote =
            "gateway: {encoders: [{name: far, remote: {protocol: tei_embed, base_url: \"http://localhost:1\", dimensions: 8}, " +
                "serves: {embedding: embedding}}]}"
        membersToEmbed(policy(embeddings("a" to "0", "b" to "1"), "a, b", remote)).shouldBeNull()
    }

    @Test
    fun `domains of the same categories need no encoder`() {
        val domains = "domains: [{name: a, mmlu_categories: [law, math]}, {name: b, mmlu_categories: [Math, law]}, {name: law}]"
        policy(domains, "a, b, law").findings() shouldBe
            listOf(
                "alike-members routing.projections.partitions[0].members[1]: is to the partition topic what a is: the same categories, " +
                    "so hardly a text tells them apart",
            )
    }
}
