package routercluster.grains.secret

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.grains.selector.await
import routercluster.grains.state.Fate
import routercluster.grains.state.MemoryStateStore
import routercluster.grains.state.ScriptedStateStore
import java.time.Duration
import java.time.InstantSource

class SharedSecretTest {
    private val kept = MemoryStateStore(InstantSource.system())
    private val store = ScriptedStateStore(kept)

    private fun secret(byte: Byte) =
        SharedSecret(store, "replay-ids", { ByteArray(SharedSecret.BYTES) { byte } }, pause = Duration.ofMillis(5))

    @Test
    fun `all nodes have the one that was made first`() {
        val secrets = listOf<Byte>(1, 2, 3).map(::secret)
        await("all have one") { secrets.all { it.get() != null } }
        secrets.map { it.get()?.toList() }.toSet() shouldBe setOf(List(SharedSecret.BYTES) { 1.toByte() })
    }

    @Test
    fun `it is tried for until the store is there`() {
        store.fate = { Fate.LOST }
        val waiting = secret(4)
        waiting.get() shouldBe null
        store.fate = { Fate.DONE }
        await("it is there") { waiting.get() != null }
    }
}
