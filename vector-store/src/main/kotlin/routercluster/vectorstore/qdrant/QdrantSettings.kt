package routercluster.vectorstore.qdrant

import routercluster.policy.models.Secret
import routercluster.policy.vectors.VectorLimits
import java.nio.file.Path
import java.time.Duration

/**
 * @property port of gRPC
 * @property tls null where the connection is in clear text, which no API key may be sent over but to this machine
 * @property prefix what the server's collections of this store begin with; several stores on one server have one each
 * @property limits but for [VectorLimits.storeBytesMax], which is the server's business
 * @property timeout of one attempt to read or write
 * @property openTimeout of one attempt to make, describe or drop a collection
 * @property attemptsMax of one call where the server cannot be reached
 * @property retryPause before the second attempt, doubled before each one more, each time with up to as much again by chance
 * @property callsMax under way at once; more fail as overloaded
 * @property failuresMax in a row, until calls fail at once for [breakerPause]
 * @property sweepInterval how often entries whose time is over are deleted
 * @property depth candidates of an approximate search
 */
data class QdrantSettings(
    val host: String,
    val port: Int = 6334,
    val tls: QdrantTls? = null,
    val apiKey: Secret? = null,
    val prefix: String = "routercluster",
    val copies: QdrantCopies = QdrantCopies(),
    val limits: VectorLimits = VectorLimits(),
    val timeout: Duration = Duration.ofSeconds(2),
    val openTimeout: Duration = Duration.ofSeconds(30),
    val attemptsMax: Int = 3,
    val retryPause: Duration = Duration.ofMillis(50),
    val callsMax: Int = 256,
    val failuresMax: Int = 5,
    val breakerPause: Duration = Duration.ofSeconds(5),
    val sweepInterval: Duration = Duration.ofMinutes(1),
    val depth: Int = 128,
) {
    init {
        require(apiKey == null || tls != null || host in THIS_MACHINE) { "an API key for Qdrant at $host needs TLS" }
    }

    private companion object {
        val THIS_MACHINE = setOf("localhost", "127.0.0.1", "::1")
    }
}

/** @property authorities a file in PEM; null for those that Java trusts */
data class QdrantTls(val authorities: Path? = null)

/**
 * How a collection is spread over a cluster of Qdrant; of one that exists already the first three stay as they are.
 *
 * @property shards null for one on each node
 * @property replicas of each shard
 * @property writeConsistency how many of them must have a change before it is acknowledged
 * @property read how many of them must agree on what is read; null for the answer of any one
 */
data class QdrantCopies(
    val shards: Int? = null,
    val replicas: Int = 1,
    val writeConsistency: Int = 1,
    val read: QdrantAgreement? = null,
)

enum class QdrantAgreement { MAJORITY, QUORUM, ALL }
