package routercluster.cli.language

import routercluster.cli.Failure
import routercluster.cli.readText
import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption

/**
 * Writes [text] in the place of [file] in one step, so that a router that watches it never reads half of it. What stood there stays
 * beside it, in the returned file.
 *
 * @param read what the file held when the change was worked out; where it holds something else by now, nothing is written
 */
internal fun replaceFile(file: Path, read: String, text: String): Path {
    if (readText(file) != read) throw Failure("$file: was changed meanwhile, so nothing was written; run the command again")
    return try {
        val real = file.toRealPath()
        val old = real.resolveSibling("${real.fileName}.old")
        val new = real.resolveSibling(".${real.fileName}.new")
        // Copies first: the new file has the owner and the rights of the old one.
        Files.copy(real, old, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES)
        Files.copy(real, new, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES)
        try {
            Files.writeString(new, text)
            Files.move(new, real, StandardCopyOption.ATOMIC_MOVE)
        } finally {
            Files.deleteIfExists(new)
        }
        old
    } catch (e: IOException) {
        throw Failure("$file: cannot be written: ${e.message}")
    }
}
