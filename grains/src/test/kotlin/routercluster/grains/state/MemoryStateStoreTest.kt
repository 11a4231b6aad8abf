package routercluster.grains.state

class MemoryStateStoreTest : StateStoreContract() {
    private val clock = SteppedClock()
    override val store = MemoryStateStore(clock)

    override fun outlive() = clock.step(LIFE)
}
