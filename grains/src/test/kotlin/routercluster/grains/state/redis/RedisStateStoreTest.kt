package routercluster.grains.state.redis

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStoreContract
import java.net.ServerSocket
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.TimeUnit

class RedisStateStoreTest(
    @TempDir folder: Path,
) : StateStoreContract() {
    private val server = RedisServer(folder, "--user", "router on >$PASSWORD allkeys allcommands", "--maxmemory-policy", "noeviction")
    private val opened = lazy { RedisStateStore(settings(PASSWORD)) }
    override val store by opened

    @AfterEach
    fun close() {
        if (opened.isInitialized()) store.close()
        server.close()
    }

    override fun outlive() {
        val other = StateKey("contract", "expires as the test's own")
        await(store.save(other, 0, bytes("short"), LIFE))
        until("$other has expired") { await(store.load(other)) == null }
    }

    @Test
    fun `what was acknowledged survives a crash of the server, and the store connects anew`() {
        val revision = save(0, bytes("kept"))
        server.restart()
        until("the store has connected anew") { isReachable() }
        text(load()) shouldBe "kept"
        save(revision, bytes("more"))
        text(load()) shouldBe "more"
    }

    @Test
    fun `while the server is away calls fail, and fast`() {
        save(0, bytes("kept"))
        server.kill()
        shouldThrow<StateFailure.Unavailable> { load() }
        val began = System.nanoTime()
        repeat(200) { shouldThrow<StateFailure.Unavailable> { load() } }
        (TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began) < 5_000) shouldBe true
        server.restart()
        until("the store has connected anew") { isReachable() }
        text(load()) shouldBe "kept"
    }

    @Test
    fun `a server that does not answer is given up after the timeout`() {
        ServerSocket(0).use { silent ->
            RedisStateStore(RedisSettings("127.0.0.1", silent.localPort, timeout = Duration.ofMillis(200))).use { store ->
                shouldThrow<StateFailure.Unavailable> { await(store.load(KEY)) }
            }
        }
    }

    @Test
    fun `a full server says so, and keeps what it had`() {
        save(0, bytes("kept"))
        server.command("CONFIG SET maxmemory 1")
        shouldThrow<StateFailure.Full> { await(store.save(KEY, checkNotNull(load()).revision, ByteArray(100_000))) }
        text(load()) shouldBe "kept"
    }

    @Test
    fun `a wrong password is told without the password`() {
        RedisStateStore(settings("wrong-one")).use { store ->
            shouldThrow<StateFailure.Unavailable> { await(store.load(KEY)) }.toString() shouldNotContain "wrong-one"
        }
    }

    @Test
    fun `too few replicas leave it unknown whether a change will stay, and a load tells`() {
        RedisStateStore(settings(PASSWORD, replicas = 1)).use { store ->
            shouldThrow<StateFailure.Unavailable> { await(store.save(KEY, 0, bytes("one"))) }
            text(await(store.load(KEY))) shouldBe "one"
        }
    }

    @Test
    fun `no more calls are on their way than the bound says`() {
        RedisStateStore(settings(PASSWORD, callsMax = 0)).use { store ->
            shouldThrow<StateFailure.Unavailable> { await(store.load(KEY)) }
        }
    }

    private fun isReachable(): Boolean =
        try {
            load()
            true
        } catch (_: StateFailure.Unavailable) {
            false
        }

    private fun until(event: String, condition: () -> Boolean) {
        val began = System.nanoTime()
        while (!condition()) check(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(WAIT_SECONDS)) { "waited in vain until $event" }
    }

    private fun settings(password: String, replicas: Int = 0, callsMax: Int = 10_000) =
        RedisSettings(
            "127.0.0.1",
            server.port,
            user = "router",
            password = { password.toCharArray() },
            database = 3,
            timeout = Duration.ofSeconds(1),
            replicas = replicas,
            callsMax = callsMax,
        )

    private companion object {
        const val PASSWORD = "secret-of-tests"
    }
}
