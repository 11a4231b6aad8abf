package routercluster.vectorstore.qdrant

import io.grpc.ManagedChannel
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder
import io.qdrant.client.QdrantGrpcClient
import io.qdrant.client.grpc.Collections.CollectionInfo
import io.qdrant.client.grpc.Collections.DeleteCollection
import io.qdrant.client.grpc.Collections.GetCollectionInfoRequest
import io.qdrant.client.grpc.Collections.ListCollectionsRequest
import io.qdrant.client.grpc.CollectionsGrpc.CollectionsFutureStub
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.VectorCollection
import routercluster.policy.vectors.VectorFailure
import routercluster.policy.vectors.VectorStore
import routercluster.policy.vectors.check
import routercluster.vectorstore.begun
import routercluster.vectorstore.joined
import routercluster.vectorstore.physicalName
import routercluster.vectorstore.refuseMoreThan
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/**
 * Keeps vectors in a server or cluster of Qdrant, 1.16 or newer. What stands there belongs to all nodes that use it: a change is
 * acknowledged once the server has it and searches there see it.
 *
 * Where the server does not answer, calls fail, after a few of them at once; [counts] tells how often.
 *
 * @param random for the pauses between attempts
 * @param nanoTime never goes back
 */
class QdrantVectorStore(
    private val settings: QdrantSettings,
    private val clock: Clock,
    random: Random,
    nanoTime: () -> Long = System::nanoTime,
) : VectorStore {
    private val scheduler = Executors.newSingleThreadScheduledExecutor { work -> Thread(work, "vectors-qdrant").apply { isDaemon = true } }
    private val calls = Calls(settings, scheduler, random, nanoTime)
    private val channel = channel(settings)
    private val client = QdrantGrpcClient
        .newBuilder(channel, true, false)
        .apply { settings.apiKey?.let { withApiKey(it.reveal()) } }
        .build()
    private val opened = ConcurrentHashMap<CollectionId, QdrantCollection>()

    @Volatile private var isClosed = false

    val counts: QdrantCounts get() = calls.counts

    init {
        val sweeps = settings.sweepInterval.toNanos()
        scheduler.scheduleWithFixedDelay({ opened.values.forEach { it.sweep() } }, sweeps, sweeps, TimeUnit.NANOSECONDS)
    }

    override fun open(spec: CollectionSpec): CompletionStage<VectorCollection> = begun {
        refuseClosed()
        settings.limits.check(spec)
        val name = nameOf(spec.id)
        info(name)
            .thenCompose { there -> if (there == null) created(name, spec) else CompletableFuture.completedFuture(there) }
            .thenCompose { info -> indexed(name, spec, info) }
            .thenApply { joined -> opened(joined, name) }
    }

    private fun opened(spec: CollectionSpec, name: String): VectorCollection {
        val collection = opened.computeIfAbsent(spec.id) { QdrantCollection(spec, name, settings, clock, calls, client::points) }
        collection.spec = spec
        if (isClosed) collection.close()
        return collection
    }

    override fun collections(): CompletionStage<List<CollectionId>> = begun {
        refuseClosed()
        names().thenCompose { names ->
            val infos = names.map { name -> info(name).thenApply { info -> info?.let { described(name, it).id } }.toCompletableFuture() }
            CompletableFuture.allOf(*infos.toTypedArray()).thenApply { infos.mapNotNull { it.join() } }
        }
    }

    override fun drop(id: CollectionId): CompletionStage<Boolean> = begun {
        refuseClosed()
        opened.remove(id)?.close()
        val request = DeleteCollection.newBuilder().setCollectionName(nameOf(id)).build()
        calls.describe { within(it).delete(request) }.thenApply { it.result }
    }

    override fun close() {
        isClosed = true
        opened.values.forEach { it.close() }
        scheduler.shutdownNow()
        client.close()
    }

    private fun created(name: String, spec: CollectionSpec): CompletionStage<CollectionInfo> =
        names()
            .thenCompose { names ->
                refuseMoreThan(settings.limits.collectionsMax, names.size)
                val request = creation(name, spec, settings.copies)
                calls.describe { within(it).create(request) }
            }.handle { _, failure -> failure }
            .thenCompose { failure ->
                // Where another node was faster it is there all the same.
                info(name).thenApply {
                    it
                        ?: throw (failure ?: VectorFailure.Unavailable("Qdrant has made collection $name and does not know it"))
                }
            }

    /** Makes the indexes that [info] lacks, one after another. */
    private fun indexed(name: String, spec: CollectionSpec, info: CollectionInfo): CompletionStage<CollectionSpec> {
        val there = described(name, info)
        val joined = joined(spec.id, there.dimension, there.fields, spec)
        val nothing: CompletionStage<Unit> = CompletableFuture.completedFuture(Unit)
        return indexes(name, joined, info)
            .fold(nothing) { before, request ->
                before.thenCompose {
                    calls
                        .describe { client.points().withDeadlineAfter(it.toNanos(), TimeUnit.NANOSECONDS).createFieldIndex(request) }
                        .thenApply { }
                }
            }.thenApply { joined }
    }

    /** Null where it is not there. */
    private fun info(name: String): CompletionStage<CollectionInfo?> {
        val request = GetCollectionInfoRequest.newBuilder().setCollectionName(name).build()
        return calls.describe { within(it).get(request) }.handle { reply, failure ->
            val cause = if (failure is CompletionException) failure.cause else failure
            when (cause) {
                null -> reply.result
                is VectorFailure.Closed -> null
                else -> throw cause
            }
        }
    }

    /** Of all collections of this store, on the server. */
    private fun names(): CompletionStage<List<String>> =
        calls
            .describe { within(it).list(ListCollectionsRequest.getDefaultInstance()) }
            .thenApply { reply -> reply.collectionsList.map { it.name }.filter { it.startsWith("${settings.prefix}-") } }

    private fun nameOf(id: CollectionId) = "${settings.prefix}-${physicalName(id)}"

    private fun within(time: Duration): CollectionsFutureStub = client.collections().withDeadlineAfter(time.toNanos(), TimeUnit.NANOSECONDS)

    private fun refuseClosed() {
        if (isClosed) throw VectorFailure.Closed("the vector store is closed")
    }

    private companion object {
        const val MESSAGE_BYTES_MAX = 64 * 1024 * 1024

        fun channel(settings: QdrantSettings): ManagedChannel {
            val channel = NettyChannelBuilder.forAddress(settings.host, settings.port).maxInboundMessageSize(MESSAGE_BYTES_MAX)
            val tls = settings.tls ?: return channel.usePlaintext().build()
            val contexts = GrpcSslContexts.forClient()
            tls.authorities?.let { contexts.trustManager(it.toFile()) }
            return channel.useTransportSecurity().sslContext(contexts.build()).build()
        }
    }
}
