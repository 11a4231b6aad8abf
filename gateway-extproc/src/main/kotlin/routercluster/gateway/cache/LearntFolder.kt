package routercluster.gateway.cache

import org.slf4j.LoggerFactory
import routercluster.gateway.versions.reason
import routercluster.policy.cache.LearntStore
import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.time.Clock
import java.time.Duration

/**
 * What is learnt of hits, a file for each decision with its settings. A file is whole or the one before. Those that nobody has written for
 * [UNUSED_FOR] go when this is opened: their decisions have other settings by now.
 */
class LearntFolder(private val folder: Path, clock: Clock) : LearntStore {
    init {
        attempt("cleared") {
            val oldest = clock.instant().minus(UNUSED_FOR)
            if (Files.isDirectory(folder)) {
                Files.list(folder).use { files ->
                    files.filter { Files.getLastModifiedTime(it).toInstant() < oldest }.forEach(Files::delete)
                }
            }
        }
    }

    override fun load(name: String): ByteArray? {
        val file = folder.resolve(name + ENDING)
        return attempt("read") { if (Files.exists(file) && Files.size(file) <= FILE_BYTES_MAX) Files.readAllBytes(file) else null }
    }

    override fun save(name: String, bytes: ByteArray) {
        attempt("written") {
            Files.createDirectories(folder)
            val draft = Files.write(folder.resolve(".$name$ENDING"), bytes)
            Files.move(draft, folder.resolve(name + ENDING), ATOMIC_MOVE)
        }
    }

    private fun <T> attempt(what: String, act: () -> T): T? =
        try {
            act()
        } catch (failure: IOException) {
            log.warn("what was learnt of kept answers could not be {} in {}: {}", what, folder, reason(failure))
            null
        }

    private companion object {
        const val ENDING = ".learnt"
        const val FILE_BYTES_MAX = 16L * 1024 * 1024
        val UNUSED_FOR: Duration = Duration.ofDays(90)
        val log = LoggerFactory.getLogger(LearntFolder::class.java)
    }
}
