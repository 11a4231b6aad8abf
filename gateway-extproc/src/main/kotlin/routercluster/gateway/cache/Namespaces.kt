package routercluster.gateway.cache

import routercluster.gateway.pipeline.Journey
import routercluster.policy.cache.CacheScope
import java.security.MessageDigest
import java.util.HexFormat
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec

/**
 * Whose answers a request may be given: a name that nobody can guess or make, of the user, team or tenant that a trusted peer named. Stores
 * see this name alone, never who it stands for.
 *
 * @property isSettled whether [secret] will stay what it is
 * @param secret of the cluster, or of this process where there is none or none is known yet
 */
class Namespaces(internal val isSettled: () -> Boolean, private val secret: () -> ByteArray) {
    /** Null where nobody vouches for who asks: then nothing is shared. */
    internal fun of(journey: Journey, scope: CacheScope): String? {
        val caller = journey.snapshot.edge.membership(journey.headers, journey.peer)
        return named(scope, caller.tenant, caller.team, caller.user)
    }

    /** Null where a name is missing that [scope] goes by. */
    internal fun named(scope: CacheScope, tenant: String?, team: String?, user: String?): String? {
        val parts = when (scope) {
            CacheScope.GLOBAL -> emptyList()
            CacheScope.TENANT -> listOf(tenant ?: return null)
            CacheScope.TEAM -> listOf(tenant.orEmpty(), team ?: return null)
            CacheScope.USER -> listOf(tenant.orEmpty(), user ?: return null)
        }
        val mac = Mac.getInstance(ALGORITHM)
        mac.init(SecretKeySpec(secret(), ALGORITHM))
        for (part in listOf(scope.name) + parts) {
            mac.update("${part.length}:".toByteArray())
            mac.update(part.toByteArray())
        }
        return scope.name.lowercase() + "-" + HexFormat.of().formatHex(mac.doFinal())
    }

    private companion object {
        const val ALGORITHM = "HmacSHA256"
    }
}

/** 64 hex digits; where one part ends and the next begins makes a difference. */
internal fun sha256(vararg parts: String): String {
    val digest = MessageDigest.getInstance("SHA-256")
    for (part in parts) {
        val bytes = part.toByteArray()
        digest.update("${bytes.size}:".toByteArray())
        digest.update(bytes)
    }
    return HexFormat.of().formatHex(digest.digest())
}
