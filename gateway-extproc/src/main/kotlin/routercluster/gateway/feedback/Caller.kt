package routercluster.gateway.feedback

import com.linecorp.armeria.common.RequestHeaders
import routercluster.gateway.pipeline.Snapshot
import routercluster.policy.outcomes.Speaker
import routercluster.policy.outcomes.VerdictSums
import java.net.InetAddress
import java.security.MessageDigest
import java.util.HexFormat

/**
 * Who gives feedback.
 *
 * @property user as a trusted proxy names them
 * @property speaker who they count as; whoever is not named counts as the network that they call from
 */
class Caller(val user: String?, val speaker: Speaker) {
    companion object {
        private const val DIGEST_BYTES = 8

        fun of(snapshot: Snapshot, headers: RequestHeaders, peer: InetAddress?): Caller {
            val caller = snapshot.edge.caller(headers, peer)
            val digest = MessageDigest.getInstance("SHA-256").digest(caller.identity.encodeToByteArray())
            val weightMax = snapshot.policy.gateway.feedbackPerIdentityMax * VerdictSums.WHOLE
            return Caller(caller.user, Speaker(HexFormat.of().formatHex(digest, 0, DIGEST_BYTES), weightMax))
        }
    }
}
