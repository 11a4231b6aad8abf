package routercluster.cli.cluster

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.cli.record
import routercluster.cli.withServer

class ClusterCommandsTest {
    private val status =
        """
        {"cluster": "prod", "self": "a:1", "nodes": [
          {"address": "a:1", "status": "up", "reachable": true, "version": "1.0.0", "roles": ["gateway", "silo"], "reports": true,
           "grains": {"conversation": {"shards": 3, "awake": 7}, "limit": {"shards": 1, "awake": 2}}, "facts": {"policy": "r1"}},
          {"address": "b:2", "status": "up", "reachable": false, "version": "0.9.0", "roles": ["worker"], "reports": false}]}
        """.trimIndent()

    @Test
    fun `status shows a row for each node and what each says of itself`(): Unit =
        withServer(mapOf("/cluster" to status)) { admin ->
            record(cluster(), "cluster", "status", "--admin", admin).out shouldBe
                """
                cluster prod, as a:1 sees it

                NODE  STATUS           ROLES         VERSION  SHARDS  GRAINS
                a:1   up               gateway,silo  1.0.0    4       9
                b:2   up, unreachable  worker        0.9.0    ?       ?

                a:1
                  conversation grains: 7 awake in 3 shards
                  limit grains: 2 awake in 1 shards
                  policy: r1
                """.trimIndent()
            record(cluster(), "cluster", "status", "--admin", admin, "--json").out shouldContain "\"cluster\" : \"prod\""
        }

    @Test
    fun `a node that is alone says so`(): Unit =
        withServer(mapOf("/cluster" to """{"cluster": null, "self": "this process", "nodes": []}""")) { admin ->
            record(cluster(), "cluster", "status", "--admin", admin).out shouldContain "in no cluster"
        }

    @Test
    fun `drain names the node that it told, or that there is none`() {
        withServer(mapOf("/cluster/drain" to "{}")) { admin ->
            record(cluster(), "cluster", "drain", "b:2", "--admin", admin).out shouldContain "b:2 drains"
        }
        withServer(emptyMap()) { admin ->
            val refused = record(cluster(), "cluster", "drain", "b:2", "--admin", admin)
            refused.status shouldBe 1
            refused.err shouldContain "no node of the cluster is at b:2"
        }
    }
}
