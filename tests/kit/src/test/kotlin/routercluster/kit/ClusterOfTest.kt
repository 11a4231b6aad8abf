package routercluster.kit

import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.PostStop
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.cluster.typed.Cluster
import org.apache.pekko.cluster.typed.Down
import org.junit.jupiter.api.Test
import routercluster.grains.WireMessage
import routercluster.grains.cluster.Draining
import routercluster.grains.directory.GrainDirectory
import routercluster.grains.directory.GrainKind
import routercluster.silo.RunningSilo
import routercluster.silo.config.Role
import java.time.Duration
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CountDownLatch
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** What a node does when nodes come, go and die, seen through a grain that only says where it lives. */
class ClusterOfTest {
    internal sealed interface Asked : WireMessage {
        data class Where(val replyTo: ActorRef<Here>) : Asked

        data object Stop : Asked
    }

    internal data class Here(val node: String) : WireMessage

    private val events = LinkedBlockingQueue<String>()
    private val directories = ConcurrentHashMap<RunningSilo, GrainDirectory<Asked>>()

    private fun host(node: RunningSilo) {
        directories[node] =
            node.grains.host(
                GrainKind("where", Asked::class.java, Asked.Stop, isSafeTwice = true) {
                    Behaviors
                        .receive(Asked::class.java)
                        .onMessage(Asked.Where::class.java) { asked ->
                            asked.replyTo.tell(Here(checkNotNull(node.address)))
                            Behaviors.same()
                        }.onMessage(Asked.Stop::class.java) { Behaviors.stopped() }
                        .onSignal(PostStop::class.java) {
                            events += "grain of ${node.address} stopped"
                            Behaviors.same()
                        }.build()
                },
            )
    }

    private fun RunningSilo.whereIs(id: String): String = directories
        .getValue(this)
        .ask(id, PATIENCE, Asked::Where)
        .get()
        .node

    /** Asked again until somebody answers, as a gateway does: what was sent to a node that dies is lost. */
    private fun ClusterOf.whereIsAtLast(index: Int, id: String): String {
        var found: String? = null
        await("grain $id answers") {
            found = runCatching {
                directories
                    .getValue(this[index])
                    .ask(id, Duration.ofSeconds(1), Asked::Where)
                    .get()
                    .node
            }.getOrNull()
            found != null
        }
        return checkNotNull(found)
    }

    @Test
    fun `grains live on nodes of role silo, and every node reaches them`() {
        ClusterOf(2, setOf(Role.SILO), prepare = ::host).use { cluster ->
            val gateway = cluster.start(setOf(Role.GATEWAY))
            val silos = listOf(cluster[0].address, cluster[1].address)
            val homes = (1..50).map { gateway.whereIs("id $it") }
            homes.forEach { it shouldBeIn silos }
            (1..50).map { cluster[0].whereIs("id $it") } shouldBe homes
            cluster.await("all report") { cluster.status(2).members.all { it.report != null } }
            val status = cluster.status(2)
            status.name shouldBe "test"
            status.self shouldBe gateway.address
            status.members.map { it.address to it.roles }.toSet() shouldBe
                setOf(silos[0] to listOf("silo"), silos[1] to listOf("silo"), gateway.address to listOf("gateway"))
            val reports = status.members.mapNotNull { it.report }
            reports.size shouldBe 3
            reports.flatMap { it.grains }.sumOf { it.grains } shouldBe 50
            reports.flatMap { it.grains }.sumOf { it.shards } shouldBeGreaterThan 10
        }
    }

    @Test
    fun `grains of a node that was killed wake up elsewhere, and a new node is let in`() {
        ClusterOf(3, prepare = ::host).use { cluster ->
            val ids = (1..30).map { "id $it" }
            ids.forEach { cluster[0].whereIs(it) }
            val dead = cluster[1].address
            cluster.kill(1)
            ids.forEach { (cluster.whereIsAtLast(0, it) == dead) shouldBe false }
            cluster.await("two are left") { cluster.status(0).members.size == 2 }
            val new = cluster.start()
            cluster.await("all see the new one") {
                cluster.alive.all { node ->
                    node.view.status().get().members.any {
                        it.address ==
                            new.address
                    }
                }
            }
        }
    }

    @Test
    fun `a node that leaves drains its doors, then hands its grains over, then is gone`() {
        ClusterOf(2, prepare = ::host).use { cluster ->
            val leaving = checkNotNull(cluster[1].address)
            val ids = mutableListOf<String>()
            // A node is in the cluster a moment before it is given shards, and until then all grains live on the other one.
            cluster.await("grains live on the node that will leave") {
                ids += "id ${ids.size}"
                cluster[0].whereIs(ids.last()) == leaving
            }
            cluster[1].beforeLeaving("doors") { events += "doors drained" }
            cluster[1].facts.add("policy") { "r1" }
            cluster.await("its facts are told") { factsOf(leaving, cluster) == mapOf("policy" to "r1") }
            cluster[0].view.drain("10.1.2.3:4").get() shouldBe Draining.UNKNOWN
            cluster[0].view.drain(leaving).get() shouldBe Draining.TOLD
            cluster[1].ended.get() shouldBe null
            events.toList().distinct() shouldContainExactly listOf("doors drained", "grain of $leaving stopped")
            cluster.await("it is gone") { cluster.status(0).members.map { it.address } == listOf(cluster[0].address) }
            ids.forEach { cluster[0].whereIs(it) shouldBe cluster[0].address }
        }
    }

    @Test
    fun `a node that was put out does itself what it is asked until it has ended`() {
        ClusterOf(2, prepare = ::host).use { cluster ->
            val out = cluster[1]
            val homes = mutableSetOf<String>()
            cluster.await("grains live on both nodes") {
                homes += out.whereIs("id ${homes.size}")
                homes.size == 2
            }
            val drained = CountDownLatch(1)
            val isAtDoors = CountDownLatch(1)
            out.beforeLeaving("doors") {
                isAtDoors.countDown()
                drained.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)
            }
            Cluster.get(cluster[0].system).manager().tell(Down(Cluster.get(out.system).selfMember().address()))
            isAtDoors.await(PATIENCE.toSeconds(), TimeUnit.SECONDS) shouldBe true
            (0..20).map { out.whereIs("id $it") }.toSet() shouldBe setOf(out.address)
            drained.countDown()
            out.ended.get() shouldBe "the other nodes could not reach this one and have gone on without it"
        }
    }

    private fun factsOf(node: String, cluster: ClusterOf) =
        cluster
            .status(0)
            .members
            .first { it.address == node }
            .report
            ?.facts

    private companion object {
        val PATIENCE: Duration = Duration.ofSeconds(20)

        fun <T> CompletionStage<T>.get(): T = toCompletableFuture().get(PATIENCE.toSeconds() * 2, TimeUnit.SECONDS)
    }
}
