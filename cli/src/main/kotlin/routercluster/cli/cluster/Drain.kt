package routercluster.cli.cluster

import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.help
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import routercluster.cli.Command
import routercluster.cli.RunningRouter
import routercluster.cli.newObject

/** `router cluster drain`: takes a node out. */
class Drain :
    Command(
        "drain",
        "Have a node finish its requests, hand its grains over, leave the cluster and end. Returns when it has been told.",
        listOf("router cluster drain 10.0.0.2:7700"),
    ) {
    private val node by argument("NODE").help("host:port, as `router cluster status` shows it")
    private val running by RunningRouter()

    override fun run() {
        val body = newObject().put("node", node)
        running.post("/cluster/drain", "$body", absent = "no node of the cluster is at $node; see `router cluster status`")
        echo("$node drains; it is gone from `router cluster status` when it has left")
    }
}
