package routercluster.grains.state.redis

import java.nio.file.Path
import java.time.Duration

/**
 * How the store of states reaches Redis.
 *
 * @property user null where only a password is asked for
 * @property password read whenever a connection is made; null where none is asked for
 * @property tls null for clear text
 * @property keyPrefix stands before every key, so that others may use the same database
 * @property timeout of one call, and of making a connection
 * @property replicas that must have a save before it is answered; 0 asks none
 * @property callsMax that may be on their way; one more fails
 */
class RedisSettings(
    val host: String,
    val port: Int,
    val user: String? = null,
    val password: (() -> CharArray)? = null,
    val database: Int = 0,
    val tls: RedisTls? = null,
    val keyPrefix: String = "router:",
    val timeout: Duration = Duration.ofSeconds(2),
    val replicas: Int = 0,
    val callsMax: Int = 10_000,
)

/**
 * @property authorities PEM file of those who may vouch for the server; null for those that the JDK trusts
 * @property certificate PEM files of our certificate and its key; null where the server asks for none
 */
class RedisTls(val authorities: Path? = null, val certificate: Pair<Path, Path>? = null)
