package routercluster.grains.selector

import io.kotest.assertions.fail
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.LockSupport

const val WAIT_SECONDS = 20L

/** Waits until [condition] holds, which says [what] is waited for. */
fun await(what: String, seconds: Long = WAIT_SECONDS, condition: () -> Boolean) {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds)
    while (!condition()) {
        if (System.nanoTime() - deadline > 0) fail("$what: not within $seconds s")
        LockSupport.parkNanos(2_000_000)
    }
}
