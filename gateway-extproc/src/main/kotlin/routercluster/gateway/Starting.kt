package routercluster.gateway

import org.slf4j.LoggerFactory
import routercluster.gateway.admin.Readiness
import java.time.Duration
import java.util.concurrent.CompletionStage
import kotlin.concurrent.thread

/** Whatever has to be there before this node is ready: [first], by what it is in words, tables, encoders. */
internal fun begin(first: Map<String, CompletionStage<*>>, keeper: PolicyKeeper, readiness: Readiness) {
    for ((what, stage) in first) {
        readiness.awaits(what)
        stage.thenRun { readiness.reached(what) }
    }
    warmUp(keeper, readiness)
    prepare(keeper, readiness)
}

/** Beside the ports, which need not wait for it: a request that comes earlier is just slower. */
private fun warmUp(keeper: PolicyKeeper, readiness: Readiness) {
    val first = keeper.snapshot()
    val what = "tables: the policy's token counter and languages are being loaded"
    if (first.isSlowToStart) readiness.awaits(what)
    thread(name = "warm-up", isDaemon = true) {
        try {
            first.warm()
        } finally {
            readiness.reached(what)
        }
    }
}

/** Beside the ports, which refuse requests until it is done. An encoder that is away may come back, so it is tried again and again. */
private fun prepare(keeper: PolicyKeeper, readiness: Readiness) {
    val policy = keeper.snapshot().takeIf { it.starting != null }?.policy ?: return
    val names = (policy.catalog.encoders.keys + policy.services).joinToString()
    var what = "encoders: $names are being opened, and exemplars read"
    readiness.awaits(what)
    thread(name = "prepare", isDaemon = true) {
        var pause = PAUSE_MIN
        while (!keeper.isClosed) {
            val fault = keeper.prepare() ?: break
            log.error("learned signals cannot be read yet, next try in {} s: {}", pause.toSeconds(), fault)
            readiness.reached(what)
            what = "encoders: $fault"
            readiness.awaits(what)
            keeper.awaitClose(pause)
            pause = minOf(pause.multipliedBy(2), PAUSE_MAX)
        }
        readiness.reached(what)
    }
}

private val PAUSE_MIN: Duration = Duration.ofSeconds(1)
private val PAUSE_MAX: Duration = Duration.ofSeconds(30)
private val log = LoggerFactory.getLogger("routercluster.gateway")
