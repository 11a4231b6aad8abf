package routercluster.vectorstore.qdrant

import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable
import routercluster.contracts.SetClock
import routercluster.contracts.VectorStoreContract
import routercluster.contracts.VectorStoreRefusals.Companion.FIELDS
import routercluster.contracts.VectorStoreRefusals.Companion.LIMITS
import routercluster.policy.models.Secret
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.vectorstore.get
import java.net.URI
import java.util.UUID
import kotlin.random.Random

class FakeQdrantContractTest : VectorStoreContract {
    private val fake = FakeQdrant(apiKey = "let me in")
    override val clock = SetClock()
    override val store =
        QdrantVectorStore(QdrantSettings("127.0.0.1", fake.port, apiKey = Secret("let me in"), limits = LIMITS), clock, Random(1))
    override val spec = CollectionSpec(CollectionId("contract", "encoder", "1"), 4, FIELDS)

    @AfterEach
    fun close() {
        store.close()
        fake.close()
    }
}

/** Against the server at `QDRANT_URL`, as `http://localhost:6334`, with the key `QDRANT_API_KEY` where it wants one. */
@EnabledIfEnvironmentVariable(named = "QDRANT_URL", matches = ".+", disabledReason = "QDRANT_URL is not set: no Qdrant server to try")
class RealQdrantContractTest : VectorStoreContract {
    private val prefix = "test-${UUID.randomUUID()}"
    override val clock = SetClock()
    override val store = open()
    override val spec = CollectionSpec(CollectionId("contract", "encoder", "1"), 4, FIELDS)

    private fun open(): QdrantVectorStore {
        val url = URI(System.getenv("QDRANT_URL"))
        val key = System.getenv("QDRANT_API_KEY")?.let(::Secret)
        val tls = QdrantTls().takeIf { url.scheme == "https" }
        return QdrantVectorStore(QdrantSettings(url.host, url.port, tls, key, prefix, limits = LIMITS), clock, Random(1))
    }

    @AfterEach
    fun close() {
        store.close()
        // The test may have closed its own.
        open().use { again -> for (id in get(again.collections())) get(again.drop(id)) }
    }
}
