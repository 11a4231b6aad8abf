package routercluster.grains.directory

import com.typesafe.config.ConfigFactory
import io.kotest.matchers.shouldBe
import org.apache.pekko.actor.CoordinatedShutdown
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test

internal class LocalGrainsTest : GrainHostContract() {
    private val kit = ActorTestKit.create("local", ConfigFactory.parseString("pekko.loglevel = WARNING").withFallback(ConfigFactory.load()))
    override val host = LocalGrains(kit.system())

    @AfterEach
    fun close() = kit.shutdownTestKit()

    @Test
    fun `of too many grains the one that was told nothing for longest sleeps`() {
        val counters = host.host(counterKind(this, activeMax = 2))
        listOf("a", "b", "a", "c").forEach { counters.add(it) }
        awaitSleep() shouldBe "b"
    }

    @Test
    fun `a process that ends lets its grains end what they began`() {
        val counters = host.host(counterKind(this))
        listOf("a", "b").forEach { counters.add(it) }
        CoordinatedShutdown.get(kit.system()).runAll(CoordinatedShutdown.unknownReason()).get()
        listOf(awaitSleep(), awaitSleep()).sorted() shouldBe listOf("a", "b")
    }
}
