package routercluster.policy.config

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

/** The file as a whole. Each row changes one text of a good policy and states every problem that follows. */
class DocumentRefusalTest {
    @Test
    fun `the policy that the rows change is accepted`() {
        problemsOf(GOOD) shouldBe emptyList()
    }

    @Test
    fun `rejects what is not a document`() {
        assertSoftly {
            listOf(
                "" to "p.yaml:1:1: (root): is empty",
                "just words" to "p.yaml:1:1: (root): is not a policy; accepted: a mapping with version, providers and routing",
                "a: b: c" to "p.yaml:1:5: (root): is not valid YAML: mapping values are not allowed here",
                "a: [1" to "p.yaml:1:6: (root): is not valid YAML: expected ',' or ']', but got <stream end>",
                "a: 1\nb: {}\na: 2" to "p.yaml:3:1: (root): duplicate key a",
                "a: *x" to "p.yaml:1:4: (root): is not valid YAML: found undefined alias x",
                "a: &x [*x]" to "p.yaml:1:4: (root): contains itself through an alias",
                "a: !java.lang.String x" to "p.yaml:1:4: (root): has a tag that is not accepted: !java.lang.String",
                "a: 1\n---\nb: 2" to "p.yaml:2:1: (root): is not valid YAML: but found another document",
                "a: " + "[".repeat(65) to "p.yaml:1:67: (root): is nested more than 64 levels deep",
                "#" + "x".repeat(DocumentBounds.CHARS_MAX) to "p.yaml:1:1: (root): is larger than 4194304 characters",
                "[1, 2]: x" to "p.yaml:1:1: (root): is not valid YAML: Non scalar key is detected but it is not configured to be allowed.",
                laughs() to "p.yaml:1:1: (root): has more than 500000 values with its aliases written out",
            ).forEach { (text, problem) -> withClue(text.take(40)) { problemsOf(text) shouldBe listOf(problem) } }
        }
    }

    private fun laughs(): String =
        (1..7).fold("a0: &a0 [" + "x, ".repeat(10) + "]\n") { text, i -> text + "a$i: &a$i [" + "*a${i - 1}, ".repeat(10) + "]\n" }

    @Test
    fun `rejects former and missing parts`() =
        check(
            Row("version: v0.3", "version: v0.1", "p.yaml:1:10: version: is not a version that can be read (found v0.1); accepted: v0.3"),
            Row("version: v0.3", "", "p.yaml:2:1: version: is required; accepted: a non-empty string"),
            Row(
                "version: v0.3",
                "version: v0.3\nvllm_endpoints: []",
                "p.yaml:2:1: vllm_endpoints: is a name from before v0.3; accepted: providers.models[].backend_refs",
            ),
            Row(
                "version: v0.3",
                "version: v0.3\nsemantic_cache: {enabled: true}",
                "p.yaml:2:1: semantic_cache: is a name from before v0.3; accepted: global.stores.response_cache",
            ),
            Row(
                "reasoning_family: qwen",
                "endpoints: []\n      access_key: k",
                "p.yaml:11:7: providers.models[0].endpoints: is a name from before v0.3; accepted: backend_refs",
                "p.yaml:12:7: providers.models[0].access_key: is a name from before v0.3; accepted: backend_refs[].api_key or api_key_env",
            ),
            Row(
                ROUTER,
                "router: {model_selection: {elo: {k: 32}}}",
                "p.yaml:45:30: global.router.model_selection.elo: is a name from before v0.3; accepted: global.router.learning",
            ),
            Row("\ngateway:", "\ngatway:", "p.yaml:46:1: gatway: unknown key (found gatway); accepted: $ROOT_KEYS; did you mean gateway?"),
            Row(
                "\nrouting:",
                "\nroutin:",
                "p.yaml:1:1: routing: is required; accepted: a mapping, as in every v0.3 document",
                "p.yaml:20:1: routin: unknown key (found routin); accepted: $ROOT_KEYS; did you mean routing?",
            ),
        )

    @Test
    fun `all problems are reported together, in the order of the file`() {
        val text =
            GOOD
                .replace("name: urgent}", "name: urgnt}")
                .replace("version: v0.3", "version: v9")
                .replace("weight: 80", "weight: many")
                .replace("[10.0.0.0/8]", "[everyone]")
        problemsOf(text).map { it.substringBefore(" (found").substringAfter("p.yaml:") } shouldBe
            listOf(
                "1:10: version: is not a version that can be read",
                "16:19: $LOCAL.weight: wrong value",
                "30:36: $FAST.rules.name: unknown signal of type keyword",
                "47:19: gateway.trusted_peers[0]: is not a CIDR block",
            )
    }

    @Test
    fun `values from the environment are shown as written`() {
        val environment = mapOf("KEY" to "sk-secret\u0000", "PORT" to "sk-other-secret", "URL" to "sk-third")
        val text =
            GOOD
                .replace("weight: 80", "weight: \${PORT}")
                .replace("https://api.example.com/v1", "https://\$URL:x")
                .replace("strategy: priority", "strategy: \${NONE}")
        val problems = problemsOf(text, environment)
        problems.map { it.substringBefore(";") } shouldBe
            listOf(
                "p.yaml:16:19: $LOCAL.weight: wrong value (found \${PORT})",
                "p.yaml:19:35: $CLOUD.base_url: is not a URL that can be used (found https://\$URL:x)",
                "p.yaml:19:66: $CLOUD.api_key_env: is not a header value",
                "p.yaml:21:13: routing.strategy: environment variable NONE is not set (found \${NONE})",
            )
        problems.joinToString().contains("sk-") shouldBe false
    }
}
