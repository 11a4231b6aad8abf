package routercluster.policy

import routercluster.policy.models.Secret
import java.time.Duration

/**
 * What a policy says of the Responses API and of conversations.
 *
 * @property enabled whether the Responses API is offered
 * @property redis where conversations are kept; null for a file of this machine
 * @property keepFor how long a conversation is kept after its last change
 */
data class ResponsesSettings(
    val enabled: Boolean = true,
    val redis: RedisAddress? = null,
    val keepFor: Duration = Duration.ofDays(1),
)

/**
 * How Redis is reached.
 *
 * @property tls null for clear text
 */
data class RedisAddress(
    val host: String,
    val port: Int,
    val database: Int,
    val password: Secret?,
    val keyPrefix: String?,
    val timeout: Duration?,
    val tls: TlsFiles?,
)

/**
 * PEM files by their paths, as the policy writes them.
 *
 * @property authorities who may vouch for the other side; null for those that the JDK trusts
 * @property certificate null where the other side asks for none; [key] is null then too
 */
data class TlsFiles(val authorities: String?, val certificate: String?, val key: String?)
