package routercluster.cli.learning

import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.subcommands
import routercluster.cli.ExitStatus

/** `router learning`: what selection has learnt, as a file. */
fun learning(): CoreCliktCommand = LearningGroup().subcommands(LearningExport(), LearningImport())

private class LearningGroup : CoreCliktCommand("learning") {
    override val printHelpOnEmptyArgs = true

    override fun help(context: Context) = "What selection has learnt: written to a file, taken over from one."

    override fun helpEpilog(context: Context) = ExitStatus.HELP

    override fun run() = Unit
}
