package routercluster.cli

import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.PolicyFiles
import java.io.IOException
import java.nio.file.Files
import java.nio.file.InvalidPathException
import java.nio.file.Path

/**
 * What a policy file in [folder] may refer to.
 *
 * @param describe what lies in an encoder's folder
 */
class FolderFiles(
    private val folder: Path,
    private val describe: (Path) -> EncoderFolder,
    override val bundled: EncoderFolder,
) : PolicyFiles {
    override fun text(path: String): String? =
        try {
            candidates(path).firstOrNull(Files::isRegularFile)?.takeIf { Files.size(it) <= TEXT_BYTES_MAX }?.let(Files::readString)
        } catch (_: IOException) {
            null
        }

    /** In the policy's folder, else in those above it: a recipe in a folder of its own names files of the project it belongs to. */
    private fun candidates(path: String): Sequence<Path> {
        val first = resolve(path) ?: return emptySequence()
        val climbs = !Path.of(path).isAbsolute && Path.of(path).none { it.toString() == ".." }
        if (!climbs) return sequenceOf(first)
        val above = generateSequence(folder.parent) { it.parent }.take(FOLDERS_ABOVE_MAX)
        return sequenceOf(first) + above.map { it.resolve(path) }
    }

    override fun encoder(path: String): EncoderFolder = resolve(path)?.takeIf(Files::isDirectory)?.let(describe) ?: EncoderFolder.Missing

    private fun resolve(path: String): Path? =
        try {
            folder.resolve(path)
        } catch (_: InvalidPathException) {
            null
        }

    private companion object {
        const val TEXT_BYTES_MAX = 16L * 1024 * 1024
        const val FOLDERS_ABOVE_MAX = 4
    }
}
