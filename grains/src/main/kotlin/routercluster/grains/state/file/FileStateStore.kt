package routercluster.grains.state.file

import org.h2.mvstore.DataUtils
import org.h2.mvstore.MVStoreException
import org.slf4j.LoggerFactory
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import routercluster.grains.state.StoredState
import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.time.InstantSource
import java.util.concurrent.ArrayBlockingQueue
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** Calls that may wait for the disk; one more fails with [StateFailure.Unavailable]. */
const val FILE_CALLS_WAITING_MAX = 20_000

/**
 * Keeps states in a file of this machine, for a router that runs alone. One thread does all calls in their order, and answers those that
 * came while it was busy by one sync to the disk; so what was answered is there after a power failure. One process at a time has the file.
 */
class FileStateStore private constructor(private val path: Path, private val clock: InstantSource, opened: StateFile) : StateStore {
    private val calls = ArrayBlockingQueue<Call<*>>(FILE_CALLS_WAITING_MAX)

    /** Null after a failure to write, until it is opened anew. Only the worker touches it. */
    private var file: StateFile? = opened
    private var batches = 0L

    @Volatile private var isClosed = false
    private val worker = thread(name = "state-file", isDaemon = true) { work() }

    override fun load(key: StateKey): CompletionStage<StoredState?> = queue(Call(changes = false) { it.load(key, clock.instant()) })

    override fun save(key: StateKey, expectedRevision: Long, bytes: ByteArray, expiresAfter: Duration?): CompletionStage<Long> =
        queue(
            Call(changes = true) {
                val now = clock.instant()
                it.save(key, expectedRevision, bytes, expiresAfter?.let(now::plus), now)
            },
        )

    override fun delete(key: StateKey, expectedRevision: Long): CompletionStage<Unit> =
        queue(Call(changes = true) { it.delete(key, expectedRevision, clock.instant()) })

    /** Answers what waits, then gives the file free. */
    override fun close() {
        isClosed = true
        // Wakes the worker; where the queue is full it is awake.
        calls.offer(Call(changes = false) {})
        worker.join()
    }

    private fun <R> queue(call: Call<R>): CompletionStage<R> {
        val refusal =
            when {
                isClosed -> "the file of states is closed"
                calls.offer(call) -> null
                else -> "more than $FILE_CALLS_WAITING_MAX calls wait for the file of states"
            }
        if (refusal != null) call.refuse(StateFailure.Unavailable(refusal))
        return call.answer
    }

    private fun work() {
        while (!isClosed || calls.isNotEmpty()) {
            val batch = mutableListOf<Call<*>>()
            calls.poll(IDLE_MILLIS, TimeUnit.MILLISECONDS)?.let(batch::add)
            calls.drainTo(batch, BATCH_MAX)
            guarded(batch) { perform(batch, it) }
            if (batches % COMPACT_EVERY == 0L) guarded(emptyList()) { it.compact(COMPACT_BYTES_MAX) }
        }
        file?.close()
        // Whoever came while it closed.
        generateSequence(calls::poll).forEach { it.refuse(StateFailure.Unavailable("the file of states is closed")) }
    }

    private fun guarded(batch: List<Call<*>>, action: (StateFile) -> Unit) {
        try {
            action(file ?: StateFile.open(path).also { file = it })
        } catch (failure: MVStoreException) {
            broken(batch, failure)
        } catch (failure: IOException) {
            broken(batch, failure)
        } catch (failure: StateFailure) {
            broken(batch, failure)
        }
    }

    private fun perform(batch: List<Call<*>>, open: StateFile) {
        batch.forEach { it.run(open) }
        val swept = open.sweep(clock.instant(), SWEPT_MAX)
        if (swept || batch.any { it.changes }) {
            open.sync()
            batches++
        }
        batch.forEach { it.deliver() }
    }

    /** What the failure left in memory is not what is on the disk. */
    private fun broken(batch: List<Call<*>>, failure: Exception) {
        log.error("The file of states {} failed and is opened anew", path, failure)
        file?.abandon()
        file = null
        val told = stateFailure(path, failure)
        batch.forEach { it.refuse(told) }
    }

    /** One call: run, then made durable together with others, then delivered. */
    private class Call<R>(val changes: Boolean, private val action: (StateFile) -> R) {
        val answer = CompletableFuture<R>()
        private var result: Result<R>? = null

        fun run(file: StateFile) {
            result =
                try {
                    Result.success(action(file))
                } catch (failure: StateFailure) {
                    Result.failure(failure)
                } catch (failure: MVStoreException) {
                    // Reading what is damaged concerns this call alone.
                    if (failure.errorCode !in damage) throw failure
                    Result.failure(StateFailure.Unreadable("the file of states is damaged", failure))
                }
        }

        fun deliver() {
            result?.fold(answer::complete, answer::completeExceptionally)
        }

        fun refuse(failure: StateFailure) {
            answer.completeExceptionally(failure)
        }
    }

    companion object {
        private const val FILE_NAME = "states.mv"
        private const val BATCH_MAX = 1_000
        private const val SWEPT_MAX = 200
        private const val IDLE_MILLIS = 1_000L
        private const val COMPACT_EVERY = 64L
        private const val COMPACT_BYTES_MAX = 4 shl 20
        private val log = LoggerFactory.getLogger(FileStateStore::class.java)

        /**
         * Opens the file in [folder], which is made where it is not there. Blocks.
         *
         * Fails with [StateFailure.Unavailable] where another process has it or it cannot be written, and with [StateFailure.Unreadable] where
         * it is damaged.
         */
        fun open(folder: Path, clock: InstantSource): FileStateStore {
            val path = folder.resolve(FILE_NAME)
            try {
                Files.createDirectories(folder)
                return FileStateStore(path, clock, StateFile.open(path))
            } catch (failure: MVStoreException) {
                throw stateFailure(path, failure)
            } catch (failure: IOException) {
                throw stateFailure(path, failure)
            }
        }
    }
}

private val damage = setOf(DataUtils.ERROR_FILE_CORRUPT, DataUtils.ERROR_CHUNK_NOT_FOUND, DataUtils.ERROR_UNSUPPORTED_FORMAT)

private fun stateFailure(path: Path, failure: Exception): StateFailure {
    val code = (failure as? MVStoreException)?.errorCode
    return when {
        failure is StateFailure -> failure

        code == DataUtils.ERROR_FILE_LOCKED -> StateFailure.Unavailable(
            "$path is in use: another router runs with this data folder",
            failure,
        )

        code in damage -> StateFailure.Unreadable("$path is damaged: ${failure.message}. Restore it from a backup", failure)

        hasNoRoom(failure) -> StateFailure.Full("there is no room on the disk of $path")

        else -> StateFailure.Unavailable("$path cannot be used: ${failure.message}", failure)
    }
}

/** The JDK has no exception of its own for it. */
private fun hasNoRoom(failure: Throwable) =
    generateSequence(
        failure,
        Throwable::cause,
    ).any { it is IOException && it.message.orEmpty().contains("No space left", ignoreCase = true) }
