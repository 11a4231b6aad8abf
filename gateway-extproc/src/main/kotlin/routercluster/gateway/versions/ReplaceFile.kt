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
 * Writes [text] to [path] so that readers see the old text or the new one, and so that the new one is on the disk when this returns. The
 * file's owner, group and permissions stay as they were, and a link goes on pointing to it.
 *
 * @throws IOException also where they cannot stay; the file is then as it was
 */
fun replaceFile(path: Path, text: String) {
    val target = if (Files.exists(path)) path.toRealPath() else path.toAbsolutePath()
    val draft = target.resolveSibling(".${target.fileName}.${UUID.randomUUID()}")
    try {
        FileChannel.open(draft, CREATE_NEW, WRITE).use { channel ->
            val bytes = Charsets.UTF_8.encode(text)
            while (bytes.hasRemaining()) channel.write(bytes)
            channel.force(true)
        }
        if (Files.exists(target)) copyRights(target, draft)
        Files.move(draft, target, ATOMIC_MOVE)
    } finally {
        Files.deleteIfExists(draft)
    }
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
