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
            resolve(path)?.takeIf { Files.isRegularFile(it) && Files.size(it) <= TEXT_BYTES_MAX }?.let(Files::readString)
        } catch (_: IOException) {
            null
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
    }
}
