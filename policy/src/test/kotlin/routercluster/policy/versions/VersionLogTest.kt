package routercluster.policy.versions

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.junit.jupiter.api.Test
import routercluster.policy.config.loadPolicy
import java.time.Instant

class VersionLogTest {
    private fun version(begin: String, bytes: Int = 10, notKept: String? = null) =
        PolicyVersion(Instant.EPOCH, begin.padEnd(64, '0'), VersionSource.RELOAD, "p.yaml", bytes, sha256(begin), notKept = notKept)

    private fun log(vararg begins: String) = begins.fold(VersionLog()) { log, it -> log + version(it) }

    private fun refusal(log: VersionLog, asked: String) = shouldThrow<NoSuchVersion> { log.find(asked) }.message

    @Test
    fun `finds a version by the first digits of its revision, the newest of that revision`() {
        val log = log("abcd", "ffff") + version("abcd").copy(file = "later")
        log.find("abcd").file shouldBe "later"
        log.find("FFFF").revision shouldBe "ffff".padEnd(64, '0')
    }

    @Test
    fun `refuses what is no revision, unknown or ambiguous`() {
        val log = log("abcd1", "abcd2")
        refusal(log, "abc") shouldBe "abc is no revision; accepted: 4 to 64 hexadecimal digits"
        refusal(log, "newest") shouldContain "newest is no revision"
        refusal(log, "1234") shouldBe "no version 1234 here; the newest 200 are kept"
        refusal(log, "abcd") shouldBe "abcd is how 2 revisions begin: abcd100000000000, abcd200000000000; give more digits"
    }

    @Test
    fun `says nothing twice in a row`() {
        val log = log("a", "b")
        (log + version("b")) shouldBeSameInstanceAs log
        (log + version("a")).versions.size shouldBe 3
    }

    @Test
    fun `is bounded by number and by size, and the oldest leave`() {
        val many = (1..VersionLog.VERSIONS_MAX + 5).fold(VersionLog()) { log, it -> log + version("$it") }
        many.versions.size shouldBe VersionLog.VERSIONS_MAX
        many.versions.first().revision shouldBe "6".padEnd(64, '0')
        val half = (VersionLog.TEXT_BYTES_MAX / 2).toInt()
        val big = VersionLog() + version("a", half) + version("b", half) + version("a", half)
        big.versions.size shouldBe 3
        (big + version("c", half)).versions.map { it.revision.first() } shouldBe listOf('a', 'c')
        (big + version("c", half, notKept = "secret")).versions.size shouldBe 4
    }

    @Test
    fun `is written a line a version and read again`() {
        val full = version("b", notKept = "why").copy(manifests = mapOf("kb/labels.json" to sha256("kb")))
        val log = log("a") + full
        val lines = log.toLines()
        lines.lines().first() shouldBe
            """{"time":"1970-01-01T00:00:00Z","revision":"${"a".padEnd(64, '0')}","source":"reload","file":"p.yaml","bytes":10,""" +
            """"text":"${sha256("a")}"}"""
        versionLogOf(lines).versions shouldBe log.versions
        log.texts shouldBe setOf(sha256("a"))
    }

    @Test
    fun `a line that is no version is named`() {
        fun fault(line: String) = shouldThrow<BadVersionLog> { versionLogOf(log("a").toLines() + line) }.message
        fault("x") shouldContain "line 2: a version is not JSON"
        fault("[]") shouldBe "line 2: a version must be a JSON object"
        fault(log("b").toLines().replace("reload", "magic")) shouldBe
            "line 2: a version's source must be start, reload, rollback, replaced, applied"
        fault(log("b").toLines().replace(sha256("b"), "../../etc/passwd")) shouldBe "line 2: a version's text must be 64 hexadecimal digits"
    }

    @Test
    fun `a version of a policy has its revision, its text and no secret`() {
        val text = "version: v0.3\nproviders: {models: [{name: m, backend_refs: [{endpoint: \"h:1\"}]}]}\nrouting: {}\n"
        val policy = loadPolicy(text, "p.yaml", { null })
        policy.text shouldBe text
        val version = PolicyVersion.of(policy, VersionSource.START, "p.yaml", Instant.EPOCH)
        version shouldBe PolicyVersion(Instant.EPOCH, policy.revision, VersionSource.START, "p.yaml", text.length, sha256(text))
        PolicyVersion.of("api_key: hush", VersionSource.REPLACED, "p.yaml", Instant.EPOCH).notKept shouldBe
            "holds a secret in clear text (api_key, line 1); name an environment variable instead"
    }
}
