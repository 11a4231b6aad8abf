package routercluster.cli.serve

import routercluster.policy.Policy
import java.nio.file.Path

/**
 * What `serve` starts a gateway with.
 *
 * @property file watched for changes; null where there is no file or where it is not to be watched
 * @property allowInactive whether a policy read later may ask for what is not built yet
 * @property port of the HTTP door; 0 takes a free one, as for the other two
 */
class ServeSettings(
    val policy: Policy,
    val file: Path?,
    val host: String,
    val port: Int,
    val extProcPort: Int,
    val adminPort: Int,
    val allowInactive: Boolean = false,
)

/** A gateway whose ports are open. [close] drains it and returns when it has ended. */
interface Running : AutoCloseable {
    val port: Int
    val extProcPort: Int
    val adminPort: Int
}
