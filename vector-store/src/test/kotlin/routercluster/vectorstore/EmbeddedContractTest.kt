package routercluster.vectorstore

import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.io.TempDir
import routercluster.contracts.SetClock
import routercluster.contracts.VectorStoreContract
import routercluster.contracts.VectorStoreRefusals.Companion.FIELDS
import routercluster.contracts.VectorStoreRefusals.Companion.LIMITS
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.VectorStore
import routercluster.vectorstore.embedded.EmbeddedSettings
import routercluster.vectorstore.embedded.EmbeddedVectorStore
import java.nio.file.Path

class EmbeddedContractTest : VectorStoreContract {
    @TempDir
    lateinit var folder: Path
    override val clock = SetClock()
    private val opened by lazy { EmbeddedVectorStore.open(EmbeddedSettings(folder, LIMITS), clock) }
    override val store: VectorStore get() = opened
    override val spec = CollectionSpec(CollectionId("contract", "encoder", "1"), 4, FIELDS)

    @AfterEach
    fun close() = opened.close()
}
