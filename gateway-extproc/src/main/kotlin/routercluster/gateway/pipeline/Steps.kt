package routercluster.gateway.pipeline

import routercluster.policy.routing.Plan
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ScheduledExecutorService

/**
 * The route that [next] makes of this, on [loop] unless this is there already. Cancelling it cancels whichever of the two is under way.
 */
internal fun <T> CompletableFuture<T>.within(
    loop: ScheduledExecutorService,
    next: (T) -> CompletableFuture<Route>,
): CompletableFuture<Route> {
    if (isDone && !isCompletedExceptionally) return next(join())
    val first = this
    val route = CompletableFuture<Route>()
    val second = first.thenComposeAsync(
        { value -> if (route.isDone) CompletableFuture() else next(value).also { it.endedBy(route) } },
        loop,
    )
    second.whenComplete { made, failure -> if (failure == null) route.complete(made) else route.completeExceptionally(failure) }
    first.endedBy(route)
    return route
}

/** The route that [next] makes, or the refusal that limits have come to. */
internal fun CompletableFuture<ApiError?>.passed(
    loop: ScheduledExecutorService,
    plan: Plan? = null,
    next: () -> CompletableFuture<Route>,
): CompletableFuture<Route> =
    within(loop) { error -> if (error == null) next() else CompletableFuture.completedFuture(Route.Refuse(error, plan)) }

private fun CompletableFuture<*>.endedBy(route: CompletableFuture<Route>) {
    route.whenComplete { _, _ -> if (route.isCancelled) cancel(false) }
}
