package routercluster.cli

import com.github.ajalt.clikt.completion.completionOption
import com.github.ajalt.clikt.core.CliktError
import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.core.context
import com.github.ajalt.clikt.core.parse
import com.github.ajalt.clikt.core.subcommands
import kotlin.system.exitProcess

fun main(args: Array<String>) {
    exitProcess(run(router(commands()).withEnvironment(), args.toList()))
}

/** Reads variables of this process; without it Clikt's core reads none. */
internal fun CoreCliktCommand.withEnvironment(): CoreCliktCommand = context { readEnvvar = System::getenv }

/** The `router` command itself. */
fun router(commands: List<CoreCliktCommand>): CoreCliktCommand = Router().completionOption().subcommands(commands)

/** Parses and runs. Returns the exit status, one of [ExitStatus]. */
fun run(router: CoreCliktCommand, args: List<String>): Int =
    try {
        router.parse(args)
        ExitStatus.DONE
    } catch (e: UsageError) {
        router.echoFormattedHelp(e)
        ExitStatus.USAGE
    } catch (e: CliktError) {
        router.echoFormattedHelp(e)
        e.statusCode
    }

private class Router : CoreCliktCommand("router") {
    override val printHelpOnEmptyArgs = true

    override fun help(context: Context) = "One endpoint in front of many LLMs: routes each request to the model that a policy picks for it."

    override fun helpEpilog(context: Context) = ExitStatus.HELP

    override fun run() = Unit
}
