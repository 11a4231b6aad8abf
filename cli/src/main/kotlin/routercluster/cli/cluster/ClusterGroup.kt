package routercluster.cli.cluster

import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.subcommands
import routercluster.cli.ExitStatus

/** `router cluster`: the nodes that work together. */
fun cluster(): CoreCliktCommand = ClusterGroup().subcommands(ClusterStatus(), Drain())

private class ClusterGroup : CoreCliktCommand("cluster") {
    override val printHelpOnEmptyArgs = true

    override fun help(context: Context) = "The nodes of a cluster: what each is doing, and taking one out."

    override fun helpEpilog(context: Context) = ExitStatus.HELP

    override fun run() = Unit
}
