package routercluster.gateway.versions

import java.io.IOException
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardOpenOption.CREATE_NEW
import java.nio.file.StandardOpenOption.WRITE
import java.nio.file.attribute.PosixFileAttributeView
import java.util.UUID

/**
 * Puts what [write] writes to a new file in the place of [path], so that readers see the old content or the new one, and so that the new one is on the
 * disk when this returns. The file's owner, group and permissions stay as they were, and a link goes on pointing to it.
 *
 * @throws IOException also where they cannot stay; the file is then as it was
 */
fun <T> replaceFile(path: Path, write: (draft: Path) -> T): T {
    val target = if (Files.exists(path)) path.toRealPath() else path.toAbsolutePath()
    val draft = target.resolveSibling(".${target.fileName}.${UUID.randomUUID()}")
    return try {
        val written = write(draft)
        FileChannel.open(draft, WRITE).use { it.force(true) }
        if (Files.exists(target)) copyRights(target, draft)
        Files.move(draft, target, ATOMIC_MOVE)
        written
    } finally {
        Files.deleteIfExists(draft)
    }
}

/** The same, of a text. */
fun replaceFile(path: Path, text: String) {
    replaceFile(path) { Files.writeString(it, text, CREATE_NEW, WRITE) }
}

/** A router that runs as another user goes on reading what an operator wrote. */
private fun copyRights(from: Path, to: Path) {
    val old = Files.getFileAttributeView(from, PosixFileAttributeView::class.java)?.readAttributes() ?: return
    val view = Files.getFileAttributeView(to, PosixFileAttributeView::class.java)
    val new = view.readAttributes()
    if (new.owner() != old.owner()) view.owner = old.owner()
    if (new.group() != old.group()) view.setGroup(old.group())
    view.setPermissions(old.permissions())
}

/** Why a file could not be read or written: the message of most failures is the path alone. */
fun reason(failure: IOException): String =
    failure.javaClass.simpleName
        .removeSuffix("Exception")
        .replace(Regex("(?<=[a-z])(?=[A-Z])"), " ")
        .lowercase() + failure.message?.let { " ($it)" }.orEmpty()
