package routercluster.vectorstore.embedded

import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.VectorCollection
import routercluster.policy.vectors.VectorFailure
import routercluster.policy.vectors.VectorStore
import routercluster.policy.vectors.check
import routercluster.vectorstore.joined
import routercluster.vectorstore.refuseMoreThan
import java.io.IOException
import java.time.Clock
import java.util.concurrent.ArrayBlockingQueue
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.Executors
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.ThreadFactory
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit

/**
 * Keeps vectors in a folder of this machine, in indexes of Lucene, and searches them through graphs (HNSW) over quantised numbers. One
 * process has the folder at a time.
 *
 * A change is acknowledged once searches see it: at once where it comes alone, else within [EmbeddedSettings.refreshInterval] and
 * the time that it takes. It is on disk at the next commit, see [EmbeddedSettings.commitInterval]. Whenever the process ends, what was
 * committed last is found again, whole; a folder that was damaged by others is refused as [VectorFailure.Unreadable] when a collection of it is
 * opened.
 */
class EmbeddedVectorStore private constructor(
    private val folder: StoreFolder,
    found: List<CollectionSpec>,
    private val settings: EmbeddedSettings,
    private val clock: Clock,
) : VectorStore {
    /** Those that are on disk; only [opener] looks at it. */
    private val known = found.associateByTo(HashMap()) { it.id }
    private val opened = ConcurrentHashMap<CollectionId, EmbeddedCollection>()
    private var isClosed = false

    private val readers = ThreadPoolExecutor(
        settings.searchThreads,
        settings.searchThreads,
        0,
        TimeUnit.SECONDS,
        ArrayBlockingQueue(settings.searchesWaitingMax),
        daemons("vectors-read"),
    )
    private val opener = Executors.newSingleThreadExecutor(daemons("vectors-open"))
    private val committer = Executors.newSingleThreadScheduledExecutor(daemons("vectors-commit"))

    init {
        val commits = settings.commitInterval.toNanos()
        committer.scheduleAtFixedRate({ opened.values.forEach { it.commit() } }, commits, commits, TimeUnit.NANOSECONDS)
        val sweeps = settings.sweepInterval.toNanos()
        committer.scheduleAtFixedRate({ opened.values.forEach(::tidy) }, sweeps, sweeps, TimeUnit.NANOSECONDS)
    }

    override fun open(spec: CollectionSpec): CompletionStage<VectorCollection> = opening {
        settings.limits.check(spec)
        val before = known[spec.id]
        if (before == null) refuseMoreThan(settings.limits.collectionsMax, known.size)
        val after = if (before == null) spec else joined(spec.id, before.dimension, before.fields, spec)
        val collection = opened[spec.id]
            ?: EmbeddedCollection(after, folder.indexOf(spec.id), settings, clock, readers, ::room).also { opened[spec.id] = it }
        if (after != before) folder.write(after)
        known[spec.id] = after
        collection.also { it.spec = after }
    }

    override fun collections(): CompletionStage<List<CollectionId>> = opening { known.keys.toList() }

    override fun drop(id: CollectionId): CompletionStage<Boolean> = opening {
        opened.remove(id)?.close()
        val wasThere = known.remove(id) != null
        if (wasThere) folder.delete(id)
        wasThere
    }

    /** Puts on disk what was acknowledged before, as before a copy of the folder is made. */
    fun commit(): CompletionStage<Unit> = opening { opened.values.forEach { it.commit() } }

    override fun close() {
        synchronized(this) {
            if (isClosed) return
            isClosed = true
        }
        opener.shutdown()
        opener.awaitTermination(CLOSE_SECONDS_MAX, TimeUnit.SECONDS)
        committer.shutdown()
        committer.awaitTermination(CLOSE_SECONDS_MAX, TimeUnit.SECONDS)
        opened.values.forEach { it.close() }
        readers.shutdown()
        readers.awaitTermination(CLOSE_SECONDS_MAX, TimeUnit.SECONDS)
        folder.close()
    }

    private fun room(): Long = settings.limits.storeBytesMax - opened.values.sumOf { it.bytes }

    private fun tidy(collection: EmbeddedCollection) {
        collection.sweep()
        collection.gather()
    }

    /** Opening reads a whole index, so that it has a thread of its own, one at a time. */
    private fun <T> opening(work: () -> T): CompletionStage<T> {
        val answer = CompletableFuture<T>()
        try {
            opener.execute {
                try {
                    answer.complete(work())
                } catch (failure: VectorFailure) {
                    answer.completeExceptionally(failure)
                } catch (failure: IOException) {
                    answer.completeExceptionally(VectorFailure.Unavailable("the vector store cannot be written: $failure", failure))
                }
            }
        } catch (_: RejectedExecutionException) {
            answer.completeExceptionally(VectorFailure.Closed("the vector store is closed"))
        }
        return answer
    }

    companion object {
        private const val CLOSE_SECONDS_MAX = 60L

        /**
         * Takes the folder, and makes it where it is not there.
         *
         * @throws VectorFailure.Unavailable where another process has it, or it cannot be written
         * @throws VectorFailure.Unreadable where it is of another format
         */
        fun open(settings: EmbeddedSettings, clock: Clock): EmbeddedVectorStore =
            StoreFolder.open(settings.folder) { EmbeddedVectorStore(it, it.collections(), settings, clock) }

        private fun daemons(name: String) = ThreadFactory { work -> Thread(work, name).apply { isDaemon = true } }
    }
}
