package routercluster.cluster

import java.time.Duration
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

/** Whether the long variants run: `./router test -Dcluster.long=true`. */
internal val long: Boolean = System.getProperty("cluster.long").toBoolean()

/** How long a fault lasts; nothing is waited for. */
internal fun pause(time: Duration) {
    CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS)
}
