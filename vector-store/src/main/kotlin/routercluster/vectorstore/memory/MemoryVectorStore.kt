package routercluster.vectorstore.memory

import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.VectorCollection
import routercluster.policy.vectors.VectorFailure
import routercluster.policy.vectors.VectorLimits
import routercluster.policy.vectors.VectorStore
import routercluster.policy.vectors.check
import routercluster.vectorstore.answered
import routercluster.vectorstore.joined
import routercluster.vectorstore.refuseMoreThan
import java.time.Clock
import java.util.concurrent.CompletionStage

/** Compares with every entry of a scope, so that its answers are exact, and forgets when it is closed. For tests and for few entries. */
class MemoryVectorStore(private val clock: Clock, private val limits: VectorLimits = VectorLimits()) : VectorStore {
    private val opened = HashMap<CollectionId, MemoryCollection>()
    private var isClosed = false

    @Synchronized
    override fun open(spec: CollectionSpec): CompletionStage<VectorCollection> = answered {
        refuseClosed()
        limits.check(spec)
        val known = opened[spec.id]
        if (known == null) {
            refuseMoreThan(limits.collectionsMax, opened.size)
            MemoryCollection(spec, clock, limits, ::room).also { opened[spec.id] = it }
        } else {
            known.also { it.spec = joined(spec.id, it.spec.dimension, it.spec.fields, spec) }
        }
    }

    @Synchronized
    override fun collections(): CompletionStage<List<CollectionId>> = answered {
        refuseClosed()
        opened.keys.toList()
    }

    @Synchronized
    override fun drop(id: CollectionId): CompletionStage<Boolean> = answered {
        refuseClosed()
        opened.remove(id)?.close() != null
    }

    @Synchronized
    override fun close() {
        isClosed = true
        opened.values.forEach(MemoryCollection::close)
        opened.clear()
    }

    /** Bytes that are left. */
    @Synchronized
    private fun room(): Long = limits.storeBytesMax - opened.values.sumOf { it.bytes.get() }

    private fun refuseClosed() {
        if (isClosed) throw VectorFailure.Closed("the vector store is closed")
    }
}
