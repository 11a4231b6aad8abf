package routercluster.policy.versions

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class SecretsInClearTest {
    private fun lines(text: String) = secretsInClear(text).map { it.line }

    @Test
    fun `finds secrets wherever they may stand`() {
        val rows =
            listOf(
                "api_key: abc",
                "  - api_key: 'abc'",
                "{name: a, \"api_key\":\"abc\"}",
                "# api_key: abc",
                "api_key: \${KEY:-abc}",
                "api_key: x\$KEY",
                "api_key: &anchor abc",
                "api_key: *anchor",
                "api_key: |\n  abc",
                "api_key:\n  abc",
                "auth_token: 12345",
                "redis: {password: p}",
                "extra_headers: {Authorization: Bearer abc}",
                "extra_headers: {x-api-key: abc}",
                "set: [{name: authorization, value: Bearer abc}]",
                "env: {GITHUB_TOKEN: abc}",
                "url: https://ann:abc@host/",
                "url: https://host/?api-key=abc",
                "args: [--token=abc]",
                "args: [sk-${"a1".repeat(12)}]",
                "key: -----BEGIN PRIVATE KEY-----",
            )
        assertSoftly { rows.forEach { withClue(it) { lines("version: v0.3\n$it").size shouldBe 1 } } }
    }

    @Test
    fun `takes names of variables and ordinary words for no secrets`() {
        val rows =
            listOf(
                "api_key_env: KEY",
                "api_key: \$KEY",
                "api_key: \${KEY}",
                "api_key: \"\${KEY:-}\"",
                "extra_headers: {authorization: \"Bearer \${KEY}\"}",
                "extra_headers: {authorization: Bearer \${KEY}, x-team: search}",
                "api_key:",
                "api_key: ~",
                "password: ''",
                "max_tokens: 12",
                "auth_header: x-api-key",
                "keywords: [password, token, secret]",
                "description: asks for a password: or a token",
                "pattern: '(?i)(password|api_key)\\s*[:=]'",
                "secret: {description: what nobody may know}",
                "url: https://\${USER}:\${PASS}@host/",
                "url: https://host:8080/path",
                "set: [{name: x-team, value: search}]",
                "key_file: tls.key",
            )
        assertSoftly { rows.forEach { withClue(it) { lines("version: v0.3\n$it\nnext: 1") shouldBe emptyList() } } }
    }

    @Test
    fun `says where, once a line, and never what`() {
        val found = secretsInClear("a: 1\nmodels:\n  - {api_key: hush-1, password: hush-2}\n  - url: http://u:hush-3@h/")
        found.map { "$it" } shouldBe listOf("line 3: api_key", "line 4: password in an address")
    }

    @Test
    fun `ends in good time, whatever it is given`() {
        val rows =
            listOf(
                "a".repeat(1_000_000),
                "api_key: ${"\${".repeat(200_000)}",
                "api_key: ${"x".repeat(1_000_000)}",
                "\"".repeat(500_000),
                "# ".repeat(500_000),
            )
        rows.forEach { secretsInClear(it) }
    }
}
