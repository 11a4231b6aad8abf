package routercluster.policy.versions

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import org.junit.jupiter.api.Test
import routercluster.policy.config.format.Field
import routercluster.policy.config.format.Fields
import routercluster.policy.config.format.Kind
import routercluster.policy.config.format.rootFormat

class SecretInClearTest {
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
        assertSoftly { rows.forEach { withClue(it) { secretInClear("version: v0.3\n$it") shouldNotBe null } } }
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
        assertSoftly { rows.forEach { withClue(it) { secretInClear("version: v0.3\n$it\nnext: 1") shouldBe null } } }
    }

    @Test
    fun `says where the first is and never what`() {
        secretInClear("a: 1\nmodels:\n  - {password: hush-2, api_key: hush-1}\n  - url: http://u:hush-3@h/") shouldBe
            SecretInClear(3, "password")
        secretInClear("url: http://u:hush@h/\napi_key: hush") shouldBe SecretInClear(1, "password in an address")
    }

    @Test
    fun `knows every field that the format calls secret`() {
        val names = secretsIn(rootFormat)
        names shouldContainAll setOf("api_key", "password", "auth_token", "access_key")
        // The value of a header is known by the header's name.
        (names - "value").filter { secretInClear("$it: abc") == null } shouldBe emptyList()
    }

    private fun secretsIn(fields: Fields): Set<String> =
        (
            fields.all.flatMap(::secretsIn) + fields.cases
                ?.byValue
                ?.values
                .orEmpty()
                .flatMap { secretsIn(it.fields) }
        ).toSet()

    private fun secretsIn(field: Field): Set<String> =
        when (val kind = field.kind) {
            is Kind.Text -> if (kind.secret) setOf(field.key) else emptySet()
            is Kind.Part -> secretsIn(kind.fields)
            is Kind.Parts -> secretsIn(kind.fields)
            is Kind.Named -> (kind.value as? Kind.Part)?.let { secretsIn(it.fields) }.orEmpty()
            else -> emptySet()
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
        rows.forEach { secretInClear(it) }
    }
}
