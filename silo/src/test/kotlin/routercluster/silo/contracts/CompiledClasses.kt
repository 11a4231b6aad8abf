package routercluster.silo.contracts

import java.nio.file.Files
import java.nio.file.Path
import java.util.jar.JarFile
import kotlin.io.path.isDirectory
import kotlin.io.path.relativeTo

/** All classes that were compiled together with [one], in the order of their names. */
internal fun classesBeside(one: Class<*>): List<Class<*>> {
    val place = Path.of(
        one.protectionDomain.codeSource.location
            .toURI(),
    )
    val files = if (place.isDirectory()) filesIn(place) else JarFile(place.toFile()).use { jar -> jar.entries().toList().map { it.name } }
    return files
        .filter { it.endsWith(SUFFIX) }
        .sorted()
        .map { Class.forName(it.removeSuffix(SUFFIX).replace('/', '.'), false, one.classLoader) }
}

private fun filesIn(folder: Path): List<String> =
    Files.walk(folder).use { all -> all.toList().map { "${it.relativeTo(folder)}".replace('\\', '/') } }

private const val SUFFIX = ".class"
