package routercluster.grains

import java.util.concurrent.CompletionException

/** What really failed, where stages that rest on it have wrapped it. */
internal fun rootOf(failure: Throwable): Throwable = if (failure is CompletionException) failure.cause ?: failure else failure
