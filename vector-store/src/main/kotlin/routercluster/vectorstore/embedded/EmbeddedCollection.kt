package routercluster.vectorstore.embedded

import org.apache.lucene.index.CorruptIndexException
import org.apache.lucene.index.DirectoryReader
import org.apache.lucene.index.IndexFormatTooNewException
import org.apache.lucene.index.IndexFormatTooOldException
import org.apache.lucene.index.IndexWriter
import org.apache.lucene.index.IndexWriterConfig
import org.apache.lucene.index.MergePolicy
import org.apache.lucene.index.SegmentReader
import org.apache.lucene.index.TieredMergePolicy
import org.apache.lucene.search.IndexSearcher
import org.apache.lucene.search.SearcherFactory
import org.apache.lucene.search.SearcherManager
import org.apache.lucene.store.AlreadyClosedException
import org.apache.lucene.store.FSDirectory
import org.slf4j.LoggerFactory
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.CollectionStats
import routercluster.policy.vectors.Entry
import routercluster.policy.vectors.Hit
import routercluster.policy.vectors.HybridQuery
import routercluster.policy.vectors.NearQuery
import routercluster.policy.vectors.Page
import routercluster.policy.vectors.Part
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.Selection
import routercluster.policy.vectors.VectorCollection
import routercluster.policy.vectors.VectorFailure
import routercluster.policy.vectors.check
import routercluster.policy.vectors.checkIds
import routercluster.policy.vectors.checkResults
import routercluster.vectorstore.begun
import routercluster.vectorstore.physicalName
import routercluster.vectorstore.sizeEstimate
import java.io.EOFException
import java.io.IOException
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.time.Clock
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicLong

/**
 * A collection as an index of Lucene.
 *
 * @param readers where reading is done
 * @param room bytes that the store has left
 */
internal class EmbeddedCollection(
    @Volatile override var spec: CollectionSpec,
    folder: Path,
    private val settings: EmbeddedSettings,
    private val clock: Clock,
    private val readers: Executor,
    private val room: () -> Long,
) : VectorCollection {
    private val limits = settings.limits
    private val isEnding = AtomicBoolean()
    private val writer = openWriter(folder, spec.dimension, isEnding::get)
    private val searchers = SearcherManager(writer, SearcherFactory())
    private val bits = FilterBits(FILTER_BYTES_MAX)

    /** Put or deleted since segments were last looked at. */
    private val changed = AtomicLong()

    @Volatile private var indexBytes = 0L

    @Volatile private var isClosed = false

    private val intake = Intake(
        physicalName(spec.id),
        searchers,
        settings.refreshInterval,
        settings.pointsWaitingMax,
        shown = { indexBytes = measured() },
    ).also { indexBytes = measured() }

    /** That its entries take, what waits to be put included. While parts of the index are merged it takes more for a time. */
    val bytes: Long get() = indexBytes + intake.waitingBytes

    override fun upsert(points: List<Point>): CompletionStage<Unit> = begun {
        refuseClosed()
        limits.check(points, spec)
        val size = points.sumOf { it.sizeEstimate }
        if (size > room()) throw VectorFailure.Full("the vector store has no room for ${points.size} points")
        // The vector is the caller's, so it is copied now.
        val documents = points.map { keyTerm(it.partition, it.id) to document(it) }
        changed.addAndGet(points.size.toLong())
        intake.ask(points.size, size) { for ((key, document) in documents) writer.updateDocument(key, document) }
    }

    override fun get(partition: String, ids: Collection<String>, parts: Set<Part>): CompletionStage<List<Entry>> = begun {
        limits.checkIds(partition, ids)
        if (ids.isEmpty()) CompletableFuture.completedFuture(emptyList()) else read { it.get(partition, ids, parts) }
    }

    override fun delete(partition: String, ids: Collection<String>): CompletionStage<Unit> = begun {
        refuseClosed()
        limits.checkIds(partition, ids)
        changed.addAndGet(ids.size.toLong())
        intake.ask(ids.size) {
            writer.deleteDocuments(*ids.map { keyTerm(partition, it) }.toTypedArray())
            Unit
        }
    }

    override fun count(selection: Selection): CompletionStage<Long> = begun {
        limits.check(selection, spec)
        read { it.count(selection) }
    }

    override fun delete(selection: Selection): CompletionStage<Long> = begun {
        refuseClosed()
        limits.check(selection, spec)
        intake.ask(1) {
            // What came with this in one go is to be counted too.
            searchers.maybeRefreshBlocking()
            withReads { reads -> reads.count(selection).also { writer.deleteDocuments(reads.queryOf(selection)) } }
        }
    }

    override fun search(query: NearQuery): CompletionStage<List<Hit>> = begun {
        limits.check(query, spec)
        read { it.near(query) }
    }

    override fun search(query: HybridQuery): CompletionStage<List<Hit>> = begun {
        limits.check(query, spec)
        read { it.hybrid(query) }
    }

    override fun scan(selection: Selection, limit: Int, after: String?, parts: Set<Part>): CompletionStage<Page> = begun {
        limits.check(selection, spec)
        limits.checkResults(limit)
        read { it.scan(selection, limit, after, parts) }
    }

    override fun stats(): CompletionStage<CollectionStats> = begun {
        onReader {
            // So that merges that ended meanwhile are seen.
            searchers.maybeRefreshBlocking()
            indexBytes = measured()
            val searcher = searchers.acquire()
            try {
                val reader = searcher.indexReader
                CollectionStats(reader.numDocs().toLong(), bytes, reader.numDeletedDocs().toLong())
            } finally {
                searchers.release(searcher)
            }
        }
    }

    override fun sweep(): CompletionStage<Long> = begun {
        refuseClosed()
        intake.ask(1) {
            searchers.maybeRefreshBlocking()
            val count = withReads { it.expiredCount() }
            if (count > 0) writer.deleteDocuments(expired(clock.millis()))
            // Merges segments of which a tenth or more was deleted, in the background: what was deleted takes no room any more.
            writer.forceMergeDeletes(false)
            count
        }
    }

    /**
     * Where little has changed since it was last asked, begins to bring segments together in the background, as [Gathering] says. A search
     * walks the graph of every segment, and one walk takes little longer in a large graph than in a small one.
     */
    fun gather() {
        val since = changed.getAndSet(0)
        try {
            val entries = withSearcher { it.indexReader.numDocs() }
            if (since <= entries * QUIET_SHARE) writer.forceMerge(1, false)
        } catch (failure: IOException) {
            log.error("segments of collection {} cannot be merged: {}", spec.id, failure.toString())
        } catch (failure: AlreadyClosedException) {
            log.debug("collection {} is closed: {}", spec.id, failure.toString())
        }
    }

    /** Puts on disk what was acknowledged until now, and lets searches see merges that have ended. */
    fun commit() {
        if (isClosed) return
        try {
            writer.commit()
            searchers.maybeRefresh()
        } catch (failure: IOException) {
            log.error("collection {} cannot be committed: {}", spec.id, failure.toString())
        } catch (failure: AlreadyClosedException) {
            log.error("collection {} has closed itself: {}", spec.id, failure.toString())
        }
    }

    fun close() {
        if (isClosed) return
        isClosed = true
        intake.close()
        searchers.close()
        try {
            writer.commit()
            // A merge that is under way may take minutes yet. It is given up, and what it would merge is whole.
            isEnding.set(true)
            writer.rollback()
        } catch (failure: IOException) {
            log.error("collection {} cannot be closed: {}", spec.id, failure.toString())
        } finally {
            writer.directory.close()
        }
    }

    private fun <T> read(work: (Reads) -> T): CompletionStage<T> = onReader { withReads(work) }

    private fun <T> onReader(work: () -> T): CompletionStage<T> {
        refuseClosed()
        val answer = CompletableFuture<T>()
        try {
            readers.execute {
                try {
                    answer.complete(work())
                } catch (failure: VectorFailure) {
                    answer.completeExceptionally(failure)
                } catch (_: AlreadyClosedException) {
                    answer.completeExceptionally(VectorFailure.Closed("collection ${spec.id} is closed"))
                } catch (failure: CorruptIndexException) {
                    answer.completeExceptionally(VectorFailure.Unreadable("collection ${spec.id} is damaged: $failure", failure))
                } catch (failure: Exception) {
                    // Whatever it is, somebody waits.
                    answer.completeExceptionally(VectorFailure.Unavailable("collection ${spec.id} cannot be read: $failure", failure))
                }
            }
        } catch (_: RejectedExecutionException) {
            throw if (isClosed) VectorFailure.Closed("the vector store is closed") else VectorFailure.Overloaded("too many searches wait")
        }
        return answer
    }

    private fun <T> withReads(work: (Reads) -> T): T =
        withSearcher { work(Reads(it, clock.millis(), bits, settings.depthOf(it.indexReader.numDocs()))) }

    private fun <T> withSearcher(work: (IndexSearcher) -> T): T {
        val searcher = searchers.acquire()
        return try {
            work(searcher)
        } finally {
            searchers.release(searcher)
        }
    }

    private fun measured(): Long = withSearcher { searcher ->
        // What is deleted counts no more, though it takes its room until its segment is merged.
        searcher.indexReader.leaves().sumOf { leaf ->
            val segment = leaf.reader() as SegmentReader
            segment.segmentInfo.sizeInBytes() * segment.numDocs() / segment.maxDoc()
        }
    }

    private fun refuseClosed() {
        if (isClosed) throw VectorFailure.Closed("collection ${spec.id} is closed")
    }

    private companion object {
        val log = LoggerFactory.getLogger(EmbeddedCollection::class.java)

        /** 500 partitions of a million entries. */
        const val FILTER_BYTES_MAX = 64L * 1024 * 1024

        /** Segments up to this are merged as if they had this size: of many small ones that come every second, few are left soon. */
        const val SMALL_SEGMENT_MB = 16.0

        /** Fewer segments make searches faster, and take more merging. */
        const val SEGMENTS_PER_TIER = 3.0
        const val BUFFER_MB = 16.0

        /** Where no more of the entries than these have changed, segments are brought together. */
        const val QUIET_SHARE = 0.01

        /** At once; while more are due, whoever puts entries waits. Lucene's own six would leave searches no processor. */
        const val MERGES_MAX = 2

        /** While segments are merged the graph of the new one is on the heap, of which it may take a quarter. */
        const val HEAP_SHARE = 4

        /** Of that graph, for each entry. */
        const val GRAPH_BYTES = 400

        /** Of an entry in a segment: each number of its vector, raw and quantised, and the rest without a body. */
        const val VECTOR_BYTES = 5L
        const val ENTRY_BYTES = 250L

        /** Opens the index, or begins one, and reads all that it has, to find out now whether it is damaged. */
        fun openWriter(folder: Path, dimension: Int, isEnding: () -> Boolean): IndexWriter {
            try {
                val directory = FSDirectory.open(folder)
                return closingOnFailure(directory) {
                    val config = IndexWriterConfig(WordAnalyzer())
                        .setCodec(vectorCodec(isEnding))
                        .setMergePolicy(mergePolicy(dimension))
                        .setMergeScheduler(Merges(MERGES_MAX))
                        .setRAMBufferSizeMB(BUFFER_MB)
                    val writer = IndexWriter(directory, config)
                    closingOnFailure({ writer.rollback() }) {
                        writer.commit()
                        DirectoryReader.open(writer).use { reader -> reader.leaves().forEach { it.reader().checkIntegrity() } }
                        writer
                    }
                }
            } catch (failure: IOException) {
                throw unopened(folder, failure)
            } catch (failure: IllegalArgumentException) {
                // What Lucene throws where a codec or format is not known.
                throw unopened(folder, failure)
            }
        }

        private fun mergePolicy(dimension: Int): MergePolicy {
            val entriesMax = Runtime.getRuntime().maxMemory() / HEAP_SHARE / GRAPH_BYTES
            val megabytesMax = entriesMax * (dimension * VECTOR_BYTES + ENTRY_BYTES) / (1024.0 * 1024)
            val usual = TieredMergePolicy()
                .setFloorSegmentMB(SMALL_SEGMENT_MB)
                .setSegmentsPerTier(SEGMENTS_PER_TIER)
                .setMaxMergedSegmentMB(maxOf(megabytesMax, SMALL_SEGMENT_MB * 2))
            return Gathering(usual, entriesMax)
        }

        private fun unopened(folder: Path, failure: Exception): VectorFailure =
            when (failure) {
                is CorruptIndexException, is EOFException, is NoSuchFileException, is IllegalArgumentException,
                is IndexFormatTooNewException, is IndexFormatTooOldException,
                -> {
                    VectorFailure.Unreadable(
                        "$folder is damaged or of another release, delete ${folder.parent} to begin that collection anew: $failure",
                        failure,
                    )
                }

                else -> {
                    VectorFailure.Unavailable("$folder cannot be opened: $failure", failure)
                }
            }
    }
}
