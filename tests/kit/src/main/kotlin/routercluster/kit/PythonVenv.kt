package routercluster.kit

import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** A program that `./router test` puts into `.router/venv` by `tests/requirements.txt`; null where it is not there. */
fun venvProgram(name: String): Path? =
    generateSequence(Path.of("").toAbsolutePath(), Path::getParent)
        .map { it.resolve(".router/venv/bin/$name") }
        .firstOrNull(Files::isExecutable)

/**
 * How a program ended.
 *
 * @property status null where it was stopped, not having ended in time
 * @property output all that it wrote, errors included
 */
class Ended(val status: Int?, val output: String)

/** Runs [command] in [folder] for at most [secondsMax]. */
fun run(command: List<String>, folder: Path, secondsMax: Long): Ended {
    val output = Files.createTempFile("program", ".log")
    return try {
        val program = ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start()
        val hasEnded = program.waitFor(secondsMax, TimeUnit.SECONDS)
        if (!hasEnded) program.destroyForcibly().waitFor()
        Ended(program.exitValue().takeIf { hasEnded }, Files.readString(output))
    } finally {
        Files.delete(output)
    }
}
