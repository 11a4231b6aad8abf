package routercluster.gateway.versions

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.gateway.TestGateway
import routercluster.gateway.policyOf
import routercluster.gateway.policyText
import routercluster.mock.mockLlm
import routercluster.policy.record.decisionRecordOf
import routercluster.policy.versions.PolicyVersion
import routercluster.policy.versions.VersionLog
import routercluster.policy.versions.VersionSource
import routercluster.policy.versions.sha256
import routercluster.telemetry.RouterEvent
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import java.time.Clock
import java.time.Instant
import java.time.ZoneOffset
import java.util.concurrent.Callable
import java.util.concurrent.Executors

class PolicyHistoryTest {
    @TempDir
    lateinit var folder: Path

    private val now = Instant.parse("2026-01-01T00:00:00Z")
    private val file: Path by lazy { folder.resolve("policy.yaml") }
    private val first = policyText(1)
    private val second = policyText(1, mapOf("hard" to "modelRefs: [{model: large}]"))

    private fun history() = PolicyHistory.of(file, null, Clock.fixed(now, ZoneOffset.UTC))

    private fun files(of: PolicyHistory) = Files.list(of.folder).use { all -> all.map { it.fileName.toString() }.toList() }

    private fun replaced(text: String) = PolicyVersion.of(text, VersionSource.REPLACED, "policy.yaml", now)

    @Test
    fun `keeps each text once, under its hash, and what happened to it in order`() {
        val history = history()
        history.folder shouldBe folder.resolve("data/policies/policy.yaml")
        history.versions().versions shouldBe emptyList()
        history.taken(policyOf(first), VersionSource.START)
        history.taken(policyOf(second), VersionSource.RELOAD)
        history.taken(policyOf(first), VersionSource.RELOAD)
        history.fault shouldBe null
        val versions = history().versions().versions
        versions.map { it.source.name to it.revision } shouldBe
            listOf("START" to first, "RELOAD" to second, "RELOAD" to first).map { (source, text) -> source to policyOf(text).revision }
        versions.map { history.text(it) } shouldBe listOf(first, second, first)
        files(history) shouldContainExactlyInAnyOrder listOf("history.jsonl", "lock", "${sha256(first)}.yaml", "${sha256(second)}.yaml")
    }

    @Test
    fun `drops texts with the last version that names them`() {
        val history = history()
        repeat(VersionLog.VERSIONS_MAX + 2) { history.add(replaced("a: $it"), "a: $it") }
        files(history).size shouldBe VersionLog.VERSIONS_MAX + 2
        Files.exists(history.folder.resolve("${sha256("a: 1")}.yaml")) shouldBe false
    }

    @Test
    fun `never writes a secret, and says so`() {
        val history = history()
        val text = first.replace("api_key_env: KEY", "api_key: hush-hush")
        history.taken(policyOf(text), VersionSource.START)
        history.fault.orEmpty() shouldContain "is not kept: it holds a secret in clear text (api_key, line "
        files(history) shouldContainExactlyInAnyOrder listOf("history.jsonl", "lock")
        Files.readString(history.folder.resolve("history.jsonl")) shouldNotContain "hush"
        shouldThrow<HistoryFailure> { history.text(history.versions().versions.single()) }.message shouldContain "is not kept: it holds"
    }

    @Test
    fun `a folder that cannot be written, and files that are damaged, are named`() {
        Files.writeString(folder.resolve("data"), "in the way")
        val blocked = history()
        blocked.taken(policyOf(first), VersionSource.START)
        blocked.fault.orEmpty() shouldContain "is not in the history: ${blocked.folder} cannot be written: "
        Files.delete(folder.resolve("data"))

        val history = history()
        history.add(replaced("a: 1"), "a: 1")
        Files.writeString(history.folder.resolve("${sha256("a: 1")}.yaml"), "a: 2")
        shouldThrow<HistoryFailure> { history.text(history.versions().versions.single()) }.message shouldContain "is damaged"
        Files.writeString(history.folder.resolve("history.jsonl"), "{}\n")
        shouldThrow<HistoryFailure> { history.versions() }.message shouldContain "history.jsonl: line 1: a version's "
        history.taken(policyOf(first), VersionSource.START)
        Files.readString(history.folder.resolve("history.jsonl")) shouldBe "{}\n"
    }

    @Test
    fun `several may write at once`() {
        val threads = Executors.newFixedThreadPool(4)
        try {
            threads.invokeAll(List(40) { Callable { history().add(replaced("a: $it"), "a: $it") } }).forEach { it.get() }
        } finally {
            threads.shutdown()
        }
        history().versions().versions.size shouldBe 40
    }

    @Test
    fun `a file is replaced behind its link and keeps who may read it`() {
        Files.writeString(file, "old")
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"))
        val link = Files.createSymbolicLink(folder.resolve("link.yaml"), file)
        replaceFile(link, "new é")
        Files.isSymbolicLink(link) shouldBe true
        Files.readString(file) shouldBe "new é"
        PosixFilePermissions.toString(Files.getPosixFilePermissions(file)) shouldBe "rw-r-----"
        Files.list(folder).use { it.count() } shouldBe 2
    }

    @Test
    fun `answers and records name the version that decided, and operators see all`() {
        mockLlm().use { mock ->
            val before = policyText(mock.port)
            val after = policyText(mock.port, mapOf("hard" to "modelRefs: [{model: large}]"))
            Files.writeString(file, before)
            TestGateway(before, file, history = history()).use { router ->
                router.chat("hard").header("x-router-policy") shouldBe policyOf(before).shortRevision
                Files.writeString(file, after)
                router.heard.await<RouterEvent.PolicyLoaded>(2)
                val answer = router.chat("hard", "x-request-id" to "r-1")
                answer.headers("x-router-policy", "x-vsr-selected-decision") shouldBe listOf(policyOf(after).shortRevision, "hard")
                decisionRecordOf(router.admin("/decisions/r-1").body).revision shouldBe policyOf(after).revision
                router.chat("Hello", model = "nobody").header("x-router-policy") shouldBe policyOf(after).shortRevision

                val history = router.admin("/policy/history").json
                history["in_force"].textValue() shouldBe policyOf(after).revision
                history["versions"].map { it["source"].textValue() to it["revision"].textValue() } shouldBe
                    listOf("reload" to policyOf(after).revision, "start" to policyOf(before).revision)
            }
            TestGateway(before).use { it.admin("/policy/history").status shouldBe 404 }
        }
    }
}
