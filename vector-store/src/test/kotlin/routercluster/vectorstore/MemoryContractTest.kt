package routercluster.vectorstore

import org.junit.jupiter.api.AfterEach
import routercluster.contracts.SetClock
import routercluster.contracts.VectorStoreContract
import routercluster.contracts.VectorStoreRefusals.Companion.FIELDS
import routercluster.contracts.VectorStoreRefusals.Companion.LIMITS
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.vectorstore.memory.MemoryVectorStore

class MemoryContractTest : VectorStoreContract {
    override val clock = SetClock()
    override val store = MemoryVectorStore(clock, LIMITS)
    override val spec = CollectionSpec(CollectionId("contract", "encoder", "1"), 4, FIELDS)

    @AfterEach
    fun close() = store.close()
}
