package routercluster.grains.state

import java.time.Duration

/** A store that is watched does as one that is not. */
class WatchedStoreContractTest : StateStoreContract() {
    private val clock = SteppedClock()
    override val store = WatchedStateStore(MemoryStateStore(clock), "the store", Duration.ofSeconds(10))

    override fun outlive() = clock.step(LIFE)
}
