package routercluster.grains.directory

import com.typesafe.config.ConfigFactory
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.cluster.typed.Cluster
import org.apache.pekko.cluster.typed.Join
import org.junit.jupiter.api.AfterEach

/** Of a cluster of one. */
internal class ShardedGrainsTest : GrainHostContract() {
    private val kit = ActorTestKit.create("sharded", ConfigFactory.parseString(CONFIG).withFallback(ConfigFactory.load()))
    override val host = ShardedGrains(kit.system(), "silo")

    init {
        val cluster = Cluster.get(kit.system())
        cluster.manager().tell(Join.create(cluster.selfMember().address()))
    }

    @AfterEach
    fun close() = kit.shutdownTestKit()

    private companion object {
        const val CONFIG = """
            pekko.actor.provider = cluster
            pekko.remote.artery.canonical.hostname = 127.0.0.1
            pekko.remote.artery.canonical.port = 0
            pekko.cluster.roles = [silo]
            pekko.cluster.jmx.multi-mbeans-in-same-jvm = on
            pekko.cluster.sharding.number-of-shards = 20
            pekko.cluster.sharding.passivation.strategy = default-strategy
            pekko.coordinated-shutdown.exit-jvm = off
            pekko.loglevel = WARNING
        """
    }
}
