package routercluster.cli

import com.github.ajalt.clikt.core.CliktError
import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.parameters.options.NullableOption
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.restrictTo
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import java.io.IOException
import java.nio.charset.CharacterCodingException
import java.nio.file.AccessDeniedException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path

/** Exit statuses of every command. */
object ExitStatus {
    const val DONE = 0
    const val REFUSED = 1
    const val USAGE = 2
    const val UNREACHABLE = 3

    const val HELP = "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 the running router was not reachable."
}

private const val PORT_MAX = 65_535

/** Ends a command with [message] on standard error. */
class Failure(message: String, status: Int = ExitStatus.REFUSED) : CliktError(message, statusCode = status)

/** A subcommand; [summary] is its help text and [examples] are shown below its options, one a line. */
abstract class Command(
    name: String,
    private val summary: String,
    private val examples: List<String> = emptyList(),
) : CoreCliktCommand(name) {
    override fun help(context: Context) = summary

    override fun helpEpilog(context: Context): String =
        buildString {
            if (examples.isNotEmpty()) {
                append("Examples:\n")
                examples.forEach { append("  ").append(it).append('\n') }
                append('\n')
            }
            append(ExitStatus.HELP)
        }

    /** Reads an environment variable; tests put others in through Clikt's context. */
    protected fun environment(name: String): String? = currentContext.readEnvvar(name)

    /** A TCP port as an option; 0, which takes a free one, only where [free]. */
    protected fun port(name: String, help: String, free: Boolean = false, variable: String? = null): NullableOption<Int, Int> =
        option(name, help = help, metavar = "PORT", envvar = variable).int().restrictTo(if (free) 0 else 1, PORT_MAX)

    /** @throws Failure with every problem, one a line */
    protected fun LoadPolicy.fromFile(path: Path): Policy = fromText(readText(path), path.toString())

    protected fun LoadPolicy.fromText(text: String, file: String): Policy =
        try {
            this(text, file, ::environment)
        } catch (e: InvalidPolicy) {
            throw Failure(describe(file, e))
        }
}

/** Proves a policy file's text; [file] is for messages. Throws [InvalidPolicy]. */
typealias LoadPolicy = (text: String, file: String, environment: (String) -> String?) -> Policy

/** An answer for people and the same for programs. */
class Explained(val text: String, val json: String)

/** Size of a file that a command reads into memory at once. */
const val FILE_BYTES_MAX = 64L * 1024 * 1024

/** @throws Failure that says why [path] cannot be read */
fun readBytes(path: Path): ByteArray =
    try {
        if (Files.size(path) > FILE_BYTES_MAX) throw Failure("$path: is larger than $FILE_BYTES_MAX bytes")
        Files.readAllBytes(path)
    } catch (_: NoSuchFileException) {
        throw Failure("$path: no such file")
    } catch (_: AccessDeniedException) {
        throw Failure("$path: may not be read")
    } catch (e: IOException) {
        throw Failure("$path: cannot be read: ${e.message}")
    }

/** @throws Failure also where the file is not UTF-8 */
fun readText(path: Path): String =
    try {
        readBytes(path).decodeToString(throwOnInvalidSequence = true)
    } catch (_: CharacterCodingException) {
        throw Failure("$path: is not UTF-8 text")
    }

/** @throws Failure that says why [path] cannot be written */
fun writeText(path: Path, text: String) {
    try {
        Files.writeString(path, text)
    } catch (e: IOException) {
        throw Failure("$path: cannot be written: ${e.message}")
    }
}

private fun describe(file: String, invalid: InvalidPolicy): String =
    invalid.problems.joinToString("\n") + "\n$file: ${counted(invalid.problems.size, "problem")}"
