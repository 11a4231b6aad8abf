package routercluster.kit

import java.nio.file.Files
import java.nio.file.Path

/** A program that `./router test` puts into `.router/venv` by `tests/requirements.txt`; null where it is not there. */
fun venvProgram(name: String): Path? =
    generateSequence(Path.of("").toAbsolutePath(), Path::getParent)
        .map { it.resolve(".router/venv/bin/$name") }
        .firstOrNull(Files::isExecutable)
