package routercluster.gateway.versions

import org.slf4j.LoggerFactory
import java.io.IOException
import java.nio.file.ClosedWatchServiceException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardWatchEventKinds.ENTRY_CREATE
import java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY
import java.nio.file.WatchKey
import java.nio.file.WatchService
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/**
 * Calls [reload] when [file] may have changed, or one of the files at [others], which are relative to its folder.
 *
 * @param tryAgain whether the last reload should be made again after a while though nothing has changed
 */
internal class PolicyWatch(
    private val file: Path,
    private val others: () -> List<String>,
    private val reload: () -> Unit,
    private val tryAgain: () -> Boolean,
) : AutoCloseable {
    private val service: WatchService = file.fileSystem.newWatchService()
    private val watched = HashSet<Path>()

    /** Starts, with a thread of its own. */
    fun follow() {
        watchFolders()
        thread(name = "policy-watch", isDaemon = true) { loop() }
    }

    override fun close() = service.close()

    /** A file may have changed after it was read and before its folder was watched, so a folder that is new to the watch is read again. */
    private fun load() {
        do reload() while (watchFolders())
    }

    /**
     * Folders are watched rather than files: editors and Kubernetes replace a file rather than write into it.
     *
     * @return whether one of them is new
     */
    private fun watchFolders(): Boolean {
        val own = file.toAbsolutePath().parent
        val folders = others().map { own.resolve(it).parent }.plusElement(own)
        val fresh = folders.filter { it !in watched && Files.isDirectory(it) }.toSet()
        fresh.forEach { it.register(service, ENTRY_CREATE, ENTRY_MODIFY) }
        return watched.addAll(fresh)
    }

    private fun loop() {
        try {
            load()
            while (true) {
                next()?.let(::changed)
                load()
            }
        } catch (_: ClosedWatchServiceException) {
            log.debug("policy watch ended")
        } catch (unwatchable: IOException) {
            log.error("changes of {} and its files are not followed any more: {}", file, unwatchable.message)
        } catch (_: InterruptedException) {
            Thread.currentThread().interrupt()
        }
    }

    private fun next(): WatchKey? = if (tryAgain()) service.poll(TRY_AGAIN_SECONDS, TimeUnit.SECONDS) else service.take()

    private fun changed(key: WatchKey) {
        key.pollEvents()
        if (!key.reset()) {
            log.error("{} is gone; changes there are not followed any more", key.watchable())
            watched.remove(key.watchable())
        }
        settle()
    }

    /** Several events come for one save: waits until they stop, or for a while where the folder never rests. */
    private fun settle() {
        repeat(SETTLE_ROUNDS_MAX) {
            val more = service.poll(SETTLE_MILLIS, TimeUnit.MILLISECONDS) ?: return
            more.pollEvents()
            more.reset()
        }
    }

    private companion object {
        val log = LoggerFactory.getLogger(PolicyWatch::class.java)
        const val TRY_AGAIN_SECONDS = 5L
        const val SETTLE_MILLIS = 250L
        const val SETTLE_ROUNDS_MAX = 8
    }
}
