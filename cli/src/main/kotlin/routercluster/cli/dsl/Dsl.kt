package routercluster.cli.dsl

import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.subcommands
import routercluster.cli.Command
import routercluster.cli.LoadPolicy

/** `router dsl`: programs of the policy language and the documents that they stand for. */
fun dsl(load: LoadPolicy): CoreCliktCommand = Dsl().subcommands(Compile(), Decompile(), Format(), ValidateProgram(load), Syntax())

private class Dsl : Command("dsl", "Work with policies in the policy language: see docs/dsl.md.") {
    override val printHelpOnEmptyArgs = true

    override fun run() = Unit
}
