package routercluster.cli.versions

import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.subcommands
import routercluster.cli.ExitStatus
import routercluster.cli.LoadPolicy

/** `router policy`: the versions of a policy file. */
fun policyVersions(load: LoadPolicy, open: OpenHistory): CoreCliktCommand =
    PolicyGroup().subcommands(History(open), Diff(open), Rollback(load, open), Apply(load))

private class PolicyGroup : CoreCliktCommand("policy") {
    override val printHelpOnEmptyArgs = true

    override fun help(context: Context) =
        "Versions of a policy that routers served: list them, compare them, go back to one; give one to a whole cluster."

    override fun helpEpilog(context: Context) = ExitStatus.HELP

    override fun run() = Unit
}
