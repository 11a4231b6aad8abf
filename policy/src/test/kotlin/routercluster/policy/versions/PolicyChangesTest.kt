package routercluster.policy.versions

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.config.InvalidPolicy

class PolicyChangesTest {
    private val before =
        """
        version: v0.3
        providers:
          defaults: {default_model: small}
          models:
            - name: small
              backend_refs: [{name: a, endpoint: "one:80", api_key_env: KEY}]
            - name: old
        routing:
          modelCards: [{name: small, quality_score: 0.5}]
          signals:
            keywords:
              - {name: code, keywords: [sql, rust]}
          decisions:
            - {name: hard, priority: 10, modelRefs: [{model: small}]}
            - {name: gone, priority: 1}
        recipes:
          - name: legal
            routing:
              decisions: [{name: law, priority: 3}]
        gateway: {limits: {body_bytes_max: 1MiB}, trusted_peers: [10.0.0.0/8]}
        """.trimIndent()

    private fun changes(after: String) =
        policyChanges(NamedText("a", before), NamedText("b", after)).map { change ->
            "${change.kind.name.lowercase()} ${change.part.name.lowercase()} ${change.name}" +
                change.fields.joinToString("") { " | ${it.path} ${it.before} -> ${it.after}" }
        }

    @Test
    fun `tells decisions, signals, models and settings that differ`() {
        val after =
            before
                .replace("one:80", "two:80")
                .replace("quality_score: 0.5", "quality_score: 0.7")
                .replace("- name: old", "- name: new")
                .replace("[sql, rust]", "[sql]")
                .replace("priority: 10", "priority: 20")
                .replace("{name: gone", "{name: come")
                .replace("priority: 3", "priority: 4")
                .replace("1MiB", "2MiB")
                .replace("[10.0.0.0/8]", "[10.0.0.0/8, 127.0.0.0/8]")
        changes(after) shouldBe
            listOf(
                "changed decision hard | priority 10 -> 20",
                "removed decision gone",
                "changed decision legal/law | priority 3 -> 4",
                "added decision come",
                "changed signal keyword:code | keywords[1] rust -> null",
                "changed model small | backend_refs[a].endpoint one:80 -> two:80 | card.quality_score 0.5 -> 0.7",
                "removed model old",
                "added model new",
                "changed setting gateway.limits.body_bytes_max |  1MiB -> 2MiB",
                "changed setting gateway.trusted_peers[1] |  null -> 127.0.0.0/8",
            )
    }

    @Test
    fun `layout, comments and the order of named parts are no change`() {
        val models = before.replace("    - name: old\n", "").replace("  models:\n", "  models:\n    - name: old # first now\n")
        changes(models) shouldBe emptyList()
        changes("# head\n$before\n\n") shouldBe emptyList()
    }

    @Test
    fun `reads references as they are written and needs none of them`() {
        val after = before.replace("one:80", "\${UPSTREAM}:80")
        changes(after) shouldBe listOf("changed model small | backend_refs[a].endpoint one:80 -> \${UPSTREAM}:80")
    }

    @Test
    fun `says which text is no policy and where`() {
        shouldThrow<InvalidPolicy> { policyChanges(NamedText("a", before), NamedText("b", "version: [")) }.message shouldContain "b:1:"
        shouldThrow<InvalidPolicy> { policyChanges(NamedText("a", ""), NamedText("b", before)) }.message shouldContain
            "a:1:1: (root): is empty"
    }
}
