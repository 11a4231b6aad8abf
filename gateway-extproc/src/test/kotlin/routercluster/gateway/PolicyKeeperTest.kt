package routercluster.gateway

import com.linecorp.armeria.common.HttpResponse
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.gateway.upstream.Exchange
import routercluster.gateway.upstream.Picked
import routercluster.gateway.upstream.Reply
import routercluster.gateway.upstream.ScriptedUpstream
import routercluster.gateway.upstream.Upstreams
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.policy.Policy
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.loadPolicy
import routercluster.policy.models.Model
import routercluster.telemetry.RouterEvent
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.time.Clock
import java.time.Instant
import java.time.ZoneOffset
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

class PolicyKeeperTest {
    @TempDir
    lateinit var folder: Path

    private val heard = Heard()
    private val now = Instant.parse("2026-01-01T00:00:00Z")
    private val first = policyText(1)
    private val second = policyText(1, mapOf("hard" to "modelRefs: [{model: large}]"))
    private val bad = first.replace("default_model: small", "default_model: smal")
    private val file: Path by lazy { folder.resolve("policy.yaml").also { Files.writeString(it, first) } }

    private class Pool : Upstreams {
        var isClosed = false

        override suspend fun send(exchange: Exchange): Reply = error("not asked")

        override fun pick(models: List<Model>): Picked = error("not asked")

        override fun health(): Map<String, String> = emptyMap()

        override fun close() {
            isClosed = true
        }
    }

    private fun keeper(upstreams: (Policy) -> Upstreams = { Pool() }) =
        PolicyKeeper(policyOf(first), file, ::policyOf, Clock.fixed(now, ZoneOffset.UTC), heard, upstreams = upstreams)

    @Test
    fun `a changed file is swapped in whole, and what was built for the old one is closed`() {
        keeper().use { keeper ->
            val before = keeper.snapshot()
            Files.writeString(file, second)
            keeper.reload() shouldBe true
            val after = keeper.snapshot()
            after.policy.revision shouldBe policyOf(second).revision
            keeper.lastLoad shouldBe LastLoad(now, after.policy.revision, null)
            ((before.upstreams as Pool).isClosed to (after.upstreams as Pool).isClosed) shouldBe (true to false)
            heard.of<RouterEvent.PolicyLoaded>().map { it.policy.revision } shouldBe listOf(before.policy.revision, after.policy.revision)
        }
    }

    @Test
    fun `a bad file leaves the last good policy in force and says why`() {
        val rows =
            listOf(
                { Files.writeString(file, bad) } to "smal",
                { Files.writeString(file, "version: [") } to "invalid policy",
                { Files.delete(file) } to "cannot read",
            )
        rows.forEach { (spoil, reason) ->
            Files.writeString(file, first)
            heard.forget()
            keeper().use { keeper ->
                val before = keeper.snapshot()
                spoil()
                keeper.reload() shouldBe false
                keeper.snapshot() shouldBeSameInstanceAs before
                keeper.lastLoad.revision shouldBe before.policy.revision
                keeper.lastLoad.reason.orEmpty() shouldContain reason
                heard.of<RouterEvent.PolicyRejected>().single().reason shouldContain reason
                Files.writeString(file, first)
                keeper.reload() shouldBe true
                keeper.snapshot() shouldBeSameInstanceAs before
                keeper.lastLoad.reason shouldBe null
                heard.of<RouterEvent.PolicyLoaded>().size shouldBe 2
            }
        }
    }

    @Test
    fun `a policy that cannot be put in force is as good as a bad file`() {
        keeper { if (it.revision == policyOf(first).revision) Pool() else error("sk-secret") }.use { keeper ->
            Files.writeString(file, second)
            keeper.reload() shouldBe false
            keeper.lastLoad.reason shouldBe "the policy cannot be put in force: java.lang.IllegalStateException"
        }
    }

    @Test
    fun `a file is followed through writes and through replacement`() {
        keeper().use { keeper ->
            keeper.follow()
            Files.writeString(file, second)
            heard.await<RouterEvent.PolicyLoaded>(2)
            keeper.snapshot().policy.revision shouldBe policyOf(second).revision

            val other = folder.resolve("other").also { Files.writeString(it, bad) }
            Files.move(other, file, ATOMIC_MOVE)
            heard.await<RouterEvent.PolicyRejected>()
            keeper.snapshot().policy.revision shouldBe policyOf(second).revision

            Files.move(other.also { Files.writeString(it, first) }, file, ATOMIC_MOVE)
            heard.await<RouterEvent.PolicyLoaded>(3)
            keeper.snapshot().policy.revision shouldBe policyOf(first).revision
        }
    }

    @Test
    fun `the files of knowledge bases are followed, also of one that a reload brings`() {
        fun policy(vararg bases: String) =
            policyText(
                1,
                more = "global: {model_catalog: {kbs: [${bases.joinToString { "{name: $it, source: {path: bases/$it/}}" }}]}}",
            )

        fun exemplar(base: String, text: String) {
            val manifest = Files.createDirectories(folder.resolve("bases/$base")).resolve("labels.json")
            Files.writeString(manifest, """{"version": "1", "labels": {"a": {"exemplars": ["$text"]}}}""")
        }
        val files =
            object : PolicyFiles by TestFiles {
                override fun text(path: String) = Files.readString(folder.resolve(path))
            }
        val load = { text: String, name: String -> loadPolicy(text, name, mapOf("KEY" to KEY)::get, files) }
        listOf("one", "two").forEach { exemplar(it, "before") }
        Files.writeString(file, policy("one"))
        PolicyKeeper(load(policy("one"), "policy.yaml"), file, load, Clock.fixed(now, ZoneOffset.UTC), heard) { Pool() }.use { keeper ->
            fun exemplars() = keeper
                .snapshot()
                .policy.catalog.knowledgeBases
                .mapValues {
                    it.value.labels.values
                        .single()
                        .single()
                }
            keeper.follow()
            exemplar("one", "after")
            heard.await<RouterEvent.PolicyLoaded>(2)
            exemplars() shouldBe mapOf("one" to "after")
            Files.writeString(file, policy("one", "two"))
            heard.await<RouterEvent.PolicyLoaded>(3)
            exemplar("two", "after")
            heard.await<RouterEvent.PolicyLoaded>(4)
            exemplars() shouldBe mapOf("one" to "after", "two" to "after")
        }
    }

    @Test
    fun `a file that changed before it was followed is read`() {
        keeper().use { keeper ->
            Files.writeString(file, second)
            keeper.follow()
            heard.await<RouterEvent.PolicyLoaded>(2)
        }
    }

    @Test
    fun `a request under way keeps the policy it began with`() {
        val held = CompletableFuture<HttpResponse>()
        ScriptedUpstream({ HttpResponse.of(held) }).use { upstream ->
            val old = policyText(upstream.port, mapOf("old" to "modelRefs: [{model: small}]"))
            Files.writeString(file, old)
            TestGateway(old, file).use { router ->
                val answer = CompletableFuture.supplyAsync { router.chat("old") }
                upstream.nextRequest()
                Files.writeString(file, policyText(upstream.port, mapOf("new" to "modelRefs: [{model: large}]")))
                router.heard.await<RouterEvent.PolicyLoaded>(2)
                router.chat("new old").header("x-vsr-selected-decision") shouldBe "new"
                held.complete(HttpResponse.of("ok"))
                answer.get(WAIT_SECONDS, TimeUnit.SECONDS).header("x-vsr-selected-decision") shouldBe "old"
                upstream.clientPorts.toSet().size shouldBe 2
            }
        }
    }

    @Test
    fun `operators see that a file was not taken`() {
        Files.writeString(file, first)
        TestGateway(first, file).use { router ->
            router.admin("/metrics").body shouldContain "router_policy_last_reload_success 1.0"
            Files.writeString(file, bad)
            router.heard.await<RouterEvent.PolicyRejected>()
            router.admin("/metrics").body shouldContain "router_policy_last_reload_success 0.0"
            val policy = router.admin("/status").json["policy"]
            policy["revision"].textValue() shouldBe policyOf(first).revision
            policy["last_load_ok"].booleanValue() shouldBe false
            policy["last_load_error"].textValue() shouldContain "smal"
            Files.writeString(file, first)
            router.heard.await<RouterEvent.PolicyLoaded>(2)
            router.admin("/metrics").body shouldContain "router_policy_last_reload_success 1.0"
        }
    }
}
