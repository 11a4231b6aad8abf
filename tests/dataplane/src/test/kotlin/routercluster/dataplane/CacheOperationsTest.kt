package routercluster.dataplane

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.grains.cacheledger.GrainCacheLedger
import routercluster.grains.cacheledger.cacheLedgerKind
import routercluster.grains.state.StateStore
import routercluster.grains.state.file.FileStateStore
import routercluster.grains.state.redis.RedisSettings
import routercluster.grains.state.redis.RedisStateStore
import routercluster.kit.ClusterOf
import routercluster.kit.Installation
import routercluster.kit.process.RedisProcess
import routercluster.mock.Script
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.mock.mockLlm
import routercluster.policy.Policy
import routercluster.policy.cache.AuditLine
import routercluster.policy.cache.CacheLedger
import routercluster.policy.cache.EntryFilter
import routercluster.policy.cache.Invalidation
import routercluster.policy.cache.Invalidations
import routercluster.policy.cache.NoCacheLedger
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import routercluster.policy.vectors.VectorStore
import routercluster.silo.OpeningSilo
import routercluster.silo.cache.cacheLedger
import routercluster.silo.config.SiloConfig
import routercluster.silo.silo
import routercluster.vectorstore.embedded.EmbeddedSettings
import routercluster.vectorstore.embedded.EmbeddedVectorStore
import routercluster.vectorstore.memory.MemoryVectorStore
import java.nio.file.Path
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit

/** What operators do to kept answers holds on every node, in every store, and after a restart. */
internal class CacheOperationsTest {
    @TempDir
    lateinit var folder: Path

    private val clock = Clock.systemUTC()
    private val model = mockLlm(Script(models = listOf("small")))
    private val open = ArrayDeque<AutoCloseable>().apply { add(model) }

    @AfterEach
    fun close() = open.reversed().forEach(AutoCloseable::close)

    private fun <T : AutoCloseable> T.kept(): T = also(open::add)

    private fun policy(): Policy {
        val text = checkNotNull(javaClass.getResource("/semantic-cache.yaml")).readText()
        return loadPolicy(text, "semantic-cache.yaml", mapOf("PORT" to "${model.port}", "JUDGE" to "1")::get, Beside(heads))
    }

    private fun router(ledger: CacheLedger?, vectors: () -> VectorStore = { MemoryVectorStore(clock) }): Installation =
        Installation
            .open(
                policy(),
                behindEnvoy = false,
                encoders = { ScriptedEncoder("default", heads) },
                vectors = vectors,
                cacheLedger = ledger,
                replaySecret = ByteArray(32) { it.toByte() },
            ).also(Installation::awaitReady)

    private fun Installation.isHit(text: String): Boolean =
        sent(request(port, CHAT, chat(text), "x-authz-tenant-id" to "acme")).also { awaitIdle() }.header("x-vsr-cache-hit") == "true"

    private fun Installation.post(name: String, body: String): Pair<Int, JsonNode> {
        val reply = sent(request(adminPort, "/api/v1/cache/$name", body))
        return reply.status to json.readTree(reply.text)
    }

    private fun Installation.told(path: String): JsonNode = json.readTree(admin("/api/v1/cache/$path"))

    /** Asks until the answer is kept: of what was asked for within a second after a flush nothing is. */
    private fun Installation.keep(text: String) = await("an answer is kept") { isHit(text) }

    private fun await(what: String, isSo: () -> Boolean) {
        val end = System.nanoTime() + PATIENCE_NANOS
        while (!isSo()) {
            check(System.nanoTime() < end) { "not so in time: $what" }
            CompletableFuture.runAsync({}, LOOK_LATER).join()
        }
    }

    @Test
    fun `answers to alike requests are counted, shown, and not given once they were invalidated`() {
        val router = router(null).kept()
        router.told("stats").path("semantic").isNull shouldBe true
        router.isHit("faq how can one change the password of an account") shouldBe false
        await("the store has it") { router.told("stats").at("/semantic/entries").asInt() == 1 }
        router.isHit("faq how can one change the password of an account please") shouldBe true
        val entry = router.told("entries?tier=semantic&scope=tenant&tenant=acme&text=true").path("entries").single()
        entry.at("/text/request").textValue() shouldBe "faq how can one change the password of an account"
        router.told("entries?tier=semantic&scope=tenant&tenant=other").path("entries").size() shouldBe 0
        val byId = """{"filter": {"id": "${entry.path("id").textValue()}"}}"""
        router
            .post("invalidate", byId)
            .second
            .at("/entries/semantic")
            .asInt() shouldBe 1
        val filter = """{"scope": "tenant", "tenant": "acme", "decision": "faq"}"""
        router
            .post("invalidate", """{"filter": $filter}""")
            .second
            .at("/entries/semantic")
            .asInt() shouldBe 1
        router.isHit("faq how can one change the password of an account now") shouldBe true
        router.post("invalidate", """{"filter": $filter, "dry_run": false}""").first shouldBe 200
        router.isHit("faq how can one change the password of an account soon") shouldBe false
        await("the store has made room of it") { router.told("stats").at("/semantic/entries").asInt() == 0 }
        router.told("audit").path("lines").map { it.path("action").textValue() } shouldBe listOf("read", "invalidate")
    }

    @Test
    fun `what one router exports another takes over, with its vector`() {
        val (one, other) = List(2) { router(null).kept() }
        one.isHit(TEXT) shouldBe false
        await("the store has it") { one.told("stats").at("/semantic/entries").asInt() == 1 }
        val entries = one.post("export", """{"tier": "semantic"}""").second.path("entries")
        val body = """{"entries": $entries, "dry_run": false}"""
        other
            .post("warm-up", body)
            .second
            .at("/refused/0/reason")
            .textValue() shouldBe "other_encoder"
        other.isHit("faq something else opens the store") shouldBe false
        await("the store is open") { other.told("stats").path("semantic").isObject }
        val told = other.post("warm-up", body).second
        withClue("$told") { told.path("fit").asInt() shouldBe 1 }
        other.isHit("$TEXT please") shouldBe true
    }

    @Test
    fun `what one node of a cluster is told holds on the other, and after Redis was started again`() {
        val redis = RedisProcess.start().kept()
        val states = RedisStateStore(RedisSettings(RedisProcess.HOST, redis.port)).kept()
        val ledgers = mutableListOf<GrainCacheLedger>()
        val cluster = ClusterOf(2) { node ->
            ledgers += GrainCacheLedger(node.grains.host(cacheLedgerKind(states, clock)), clock).also { ledger ->
                ledger.start { behaviour, name -> node.start(name, behaviour).toCompletableFuture().join() }
            }
        }.kept()
        val (one, other) = ledgers.map { router(it).kept() }
        for (router in listOf(one, other)) router.keep(TEXT)
        val (status, told) = one.post("invalidate", """{"filter": {"decision": "faq"}, "dry_run": false}""")
        withClue("$told") { status shouldBe 200 }
        one.isHit(TEXT) shouldBe false
        // A node that has not read the ledger forbids all that is older than itself.
        cluster.await("the other node knows") {
            ledgers[1]
                .invalidations.all
                .single()
                .filter.decision == "faq"
        }
        other.keep(TEXT)

        redis.kill()
        one.post("flush", "{}").first shouldBe 503
        other.isHit(TEXT) shouldBe true
        redis.restart()
        await("a flush is kept") { one.post("flush", "{}").first == 200 }
        cluster.await("the other node knows of the flush") {
            ledgers[1]
                .invalidations.all
                .single()
                .filter.isAll
        }
        other.isHit(TEXT) shouldBe false
        val page = other.told("audit")
        val lines = page.path("lines").map { checkNotNull(AuditLine.of(it)) }
        AuditLine.firstBroken(lines, page.path("cut").textValue()) shouldBe null
    }

    @Test
    fun `a flush outlives a router that is alone and keeps its answers in a folder`() {
        Alone().use { router ->
            await("the ledger is read") {
                router.ledger.invalidations.all
                    .isEmpty()
            }
            router.gateway.isHit(TEXT) shouldBe false
            await("the store has it") {
                router.gateway
                    .told("stats")
                    .at("/semantic/entries")
                    .asInt() == 1
            }
        }
        router(Unread()) { answers() }.use { it.isHit("$TEXT please") shouldBe false }
        Alone().use { router ->
            await("the ledger is read") {
                router.ledger.invalidations.all
                    .isEmpty()
            }
            router.gateway.isHit("$TEXT please") shouldBe true
            val kept = router.gateway.told("entries?tier=semantic&text=true").path("entries")
            kept.map { it.at("/text/request").textValue() }.contains(TEXT) shouldBe true
            router.gateway.post("flush", "{}").first shouldBe 200
        }
        Alone().use { router ->
            await("the ledger is read") {
                router.gateway
                    .told("audit")
                    .path("lines")
                    .size() == 2
            }
            router.gateway.isHit("$TEXT please") shouldBe false
        }
    }

    private fun answers(): VectorStore = EmbeddedVectorStore.open(EmbeddedSettings(folder.resolve("answers")), clock)

    /** Nobody tells what it holds: what is older than the node is neither given nor deleted. */
    private inner class Unread : CacheLedger by NoCacheLedger {
        override val invalidations =
            clock.instant().let { Invalidations(listOf(Invalidation(EntryFilter.ALL, it, it + Duration.ofDays(1)))) }
    }

    /** A router in no cluster, as it is served from a folder. */
    private inner class Alone : AutoCloseable {
        private val states: StateStore = FileStateStore.open(folder.resolve("state"), clock)
        private val opening = OpeningSilo { silo(SiloConfig(null, "test")) }
        val ledger = cacheLedger(opening, states, clock)
        val gateway = router(ledger) { answers() }

        init {
            opening.begin()
        }

        override fun close() {
            gateway.close()
            opening.close()
            states.close()
        }
    }

    private companion object {
        const val TEXT = "faq how can one change the password of an account"
        const val PATIENCE_NANOS = 30_000_000_000
        val LOOK_LATER: Executor = CompletableFuture.delayedExecutor(20, TimeUnit.MILLISECONDS)
        val json = ObjectMapper()
        val heads: Map<String, Head> = mapOf("embedding" to Head(Task.EMBED, dimensions = 512))
    }
}
