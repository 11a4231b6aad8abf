package routercluster.vectorstore

import io.kotest.assertions.throwables.shouldThrow
import routercluster.policy.vectors.Page
import routercluster.policy.vectors.Part
import routercluster.policy.vectors.Selection
import routercluster.policy.vectors.VectorCollection
import java.util.concurrent.CompletionStage
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.random.RandomGenerator

internal fun <T> get(stage: CompletionStage<T>): T = stage.toCompletableFuture().get(60, TimeUnit.SECONDS)

internal fun failure(stage: CompletionStage<*>): Throwable? = shouldThrow<ExecutionException> { get(stage) }.cause

/** Every entry there is, page by page. */
internal fun pages(points: VectorCollection, parts: Set<Part> = emptySet()): List<Page> = buildList {
    do add(get(points.scan(Selection(), 500, lastOrNull()?.next, parts))) while (last().next != null)
}

internal fun RandomGenerator.vector(dimension: Int): FloatArray = FloatArray(dimension) { nextGaussian().toFloat() }

/** Looks again and again until [holds], for at most a minute. */
internal fun await(what: String, holds: () -> Boolean) {
    val end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1)
    while (!holds()) {
        check(System.nanoTime() < end) { "not within a minute: $what" }
        Thread.sleep(10)
    }
}
