package routercluster.dataplane

import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.Hit
import routercluster.policy.vectors.NearQuery
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.VectorCollection
import routercluster.policy.vectors.VectorStore
import java.util.concurrent.CompletionStage
import java.util.concurrent.CopyOnWriteArrayList

/** A store that tells what it was asked. */
internal class CountingStore(private val store: VectorStore) : VectorStore by store {
    /** Each search and each upsert, by the partitions that it was for. */
    val calls: MutableList<Pair<String, Set<String>>> = CopyOnWriteArrayList()

    override fun open(spec: CollectionSpec): CompletionStage<VectorCollection> = store.open(spec).thenApply { Counting(it) }

    private inner class Counting(private val collection: VectorCollection) : VectorCollection by collection {
        override fun search(query: NearQuery): CompletionStage<List<Hit>> {
            calls += "search" to query.scope.partitions
            return collection.search(query)
        }

        override fun upsert(points: List<Point>): CompletionStage<Unit> {
            calls += "upsert" to points.map { it.partition }.toSet()
            return collection.upsert(points)
        }
    }
}
