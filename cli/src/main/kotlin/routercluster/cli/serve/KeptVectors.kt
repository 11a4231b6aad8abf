package routercluster.cli.serve

import routercluster.policy.cache.CacheBackend
import routercluster.policy.cache.CacheStoreSettings
import routercluster.policy.cache.QdrantServer
import routercluster.policy.vectors.VectorLimits
import routercluster.policy.vectors.VectorStore
import routercluster.vectorstore.embedded.EmbeddedSettings
import routercluster.vectorstore.embedded.EmbeddedVectorStore
import routercluster.vectorstore.memory.MemoryVectorStore
import routercluster.vectorstore.qdrant.QdrantSettings
import routercluster.vectorstore.qdrant.QdrantTls
import routercluster.vectorstore.qdrant.QdrantVectorStore
import java.nio.file.Path
import java.security.SecureRandom
import java.time.Clock
import kotlin.random.asKotlinRandom

private const val FOLDER = "answers"

/** Opens the store of answers that the policy says; without a data folder the embedded one is in memory. */
internal fun keptVectors(settings: ServeSettings): () -> VectorStore {
    val cache = settings.policy.cache
    val folder = settings.dataFolder()?.resolve(FOLDER)
    return { open(cache, folder, Clock.systemUTC()) }
}

private fun open(cache: CacheStoreSettings, folder: Path?, clock: Clock): VectorStore {
    val limits = VectorLimits(storeBytesMax = cache.storeBytesMax)
    val server = cache.qdrant
    return when {
        server != null -> QdrantVectorStore(server.toSettings(), clock, SecureRandom().asKotlinRandom())
        cache.backend == CacheBackend.EMBEDDED && folder != null -> EmbeddedVectorStore.open(EmbeddedSettings(folder, limits), clock)
        else -> MemoryVectorStore(clock, limits)
    }
}

private fun QdrantServer.toSettings(): QdrantSettings {
    val default = QdrantSettings(host)
    return QdrantSettings(
        host = host,
        port = port,
        tls = if (tls) QdrantTls() else null,
        apiKey = apiKey,
        prefix = collectionPrefix.ifEmpty { default.prefix },
        openTimeout = timeout,
    )
}
