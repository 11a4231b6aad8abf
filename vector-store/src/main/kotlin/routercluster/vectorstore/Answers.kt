package routercluster.vectorstore

import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.FieldKind
import routercluster.policy.vectors.Refusal
import routercluster.policy.vectors.VectorFailure
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** What [block] gives or fails with, at once. */
internal inline fun <T> answered(block: () -> T): CompletionStage<T> =
    try {
        CompletableFuture.completedFuture(block())
    } catch (failure: VectorFailure) {
        CompletableFuture.failedFuture(failure)
    }

/** As [answered], where [block] begins work that ends later. */
internal inline fun <T> begun(block: () -> CompletionStage<T>): CompletionStage<T> =
    try {
        block()
    } catch (failure: VectorFailure) {
        CompletableFuture.failedFuture(failure)
    }

/** The fields of a collection that has [fields] and is opened as [wanted]. */
internal fun joined(id: CollectionId, dimension: Int, fields: Map<String, FieldKind>, wanted: CollectionSpec): CollectionSpec {
    if (dimension != wanted.dimension) {
        throw VectorFailure.Refused(Refusal.COLLECTION_DIFFERS, "collection $id has dimension $dimension, not ${wanted.dimension}")
    }
    for ((field, kind) in wanted.fields) {
        val known = fields[field] ?: continue
        if (known != kind) throw VectorFailure.Refused(Refusal.COLLECTION_DIFFERS, "collection $id: field \"$field\" is $known, not $kind")
    }
    return CollectionSpec(id, dimension, fields + wanted.fields)
}

internal fun refuseMoreThan(collectionsMax: Int, there: Int) {
    if (there >= collectionsMax) {
        throw VectorFailure.Refused(Refusal.TOO_MANY_COLLECTIONS, "the store has $there collections, at most $collectionsMax")
    }
}
