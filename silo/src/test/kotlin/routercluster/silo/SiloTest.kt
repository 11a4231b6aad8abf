package routercluster.silo

import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.serialization.jackson.JacksonObjectMapperProvider
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.grains.cluster.Draining
import routercluster.grains.directory.GrainCount
import routercluster.grains.directory.GrainKind
import java.time.Duration
import java.util.Optional

class SiloTest {
    private class Echo(val replyTo: ActorRef<String>?)

    private val nodes = Nodes()
    private val kind =
        GrainKind("echo", Echo::class.java, Echo(null)) { id ->
            Behaviors.receiveMessage { echo ->
                echo.replyTo?.tell(id)
                if (echo.replyTo == null) Behaviors.stopped() else Behaviors.same()
            }
        }

    @AfterEach
    fun close() = nodes.close()

    @Test
    fun `a node that is alone has grains, and nobody else`() {
        val silo = nodes.open(null)
        silo.address shouldBe null
        silo.joined.toCompletableFuture().isDone shouldBe true
        silo.system
            .settings()
            .config()
            .getString("pekko.actor.provider") shouldBe "local"
        silo.facts.add("policy") { "r1" }
        val grains = silo.grains.host(kind)
        grains.ask("a", Duration.ofSeconds(PATIENCE_SECONDS), ::Echo).get() shouldBe "a"
        val status = silo.view.status().get()
        status.name shouldBe null
        val report = checkNotNull(status.members.single().report)
        report.grains shouldBe listOf(GrainCount("echo", 0, 1))
        report.facts shouldBe mapOf("policy" to "r1")
        silo.view.drain(status.self).get() shouldBe Draining.UNKNOWN
    }

    @Test
    fun `closing drains the doors first and says nothing was wrong`() {
        val silo = nodes.open(null)
        var drained = false
        silo.beforeLeaving("doors") { drained = true }
        silo.close()
        drained shouldBe true
        silo.ended.get() shouldBe null
    }

    @Test
    fun `messages between nodes are read by Jackson with Kotlin's module`() {
        val mapper = JacksonObjectMapperProvider.get(nodes.open(null).system).getOrCreate("jackson-cbor", Optional.empty())
        mapper.registeredModuleIds.map { "$it" } shouldContain "com.fasterxml.jackson.module.kotlin.KotlinModule"
    }

    @Test
    fun `what is asked of a node that is still opening waits for it`() {
        OpeningSilo { nodes.open(null) }.use { opening ->
            val asked = opening.host(kind).ask("a", Duration.ofSeconds(PATIENCE_SECONDS), ::Echo)
            asked.toCompletableFuture().isDone shouldBe false
            opening.begin()
            asked.get() shouldBe "a"
            opening.view
                .status()
                .get()
                .name shouldBe null
        }
    }

    @Test
    fun `a node that cannot be opened has ended with the reason`() {
        val opening = OpeningSilo { error("no room") }
        opening.begin()
        checkNotNull(opening.ended.get()) shouldContain "no room"
        opening.close()
    }

    @Test
    fun `a node that was closed before it was to open does not open`() {
        val opening = OpeningSilo { error("opened") }
        opening.close()
        opening.begin()
        checkNotNull(opening.ended.get()) shouldContain "closed before it was opened"
    }
}
