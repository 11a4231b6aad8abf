package routercluster.grains.state.file

import routercluster.grains.state.StateFailure
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption

/**
 * The newest version of the file that somebody was told of, in a file of its own. The database opens a file whose end is missing as if it had
 * always ended there; this is how it is noticed. It is written after the sync and not synced itself, so it may be behind but never ahead.
 */
internal class AcknowledgedVersion(private val path: Path) {
    fun write(version: Long) {
        FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE).use {
            it.write(ByteBuffer.allocate(Long.SIZE_BYTES).putLong(version).flip(), 0)
        }
    }

    /** Fails with [StateFailure.Unreadable] where [file] is at an older [version]. */
    fun check(version: Long, file: Path) {
        val told = if (Files.exists(path)) Files.readAllBytes(path) else return
        if (told.size != Long.SIZE_BYTES) return
        val expected = ByteBuffer.wrap(told).getLong()
        if (version >= expected) return
        throw StateFailure.Unreadable(
            "$file has lost changes that were acknowledged: it is at version $version, it was at $expected. " +
                "Restore it from a backup, or delete $path to go on without them",
        )
    }
}
