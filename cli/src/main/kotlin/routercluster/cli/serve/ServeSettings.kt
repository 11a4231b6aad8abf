package routercluster.cli.serve

import routercluster.policy.Policy
import java.nio.file.Path

/**
 * What `serve` starts a gateway with.
 *
 * @property file of the policy; null where there is none
 * @property watch whether a changed file is taken
 * @property data where versions of the policy are kept; null is the usual place
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
    val watch: Boolean = true,
    val data: Path? = null,
)

/** A gateway whose ports are open. [close] drains it and returns when it has ended. */
interface Running : AutoCloseable {
    val port: Int
    val extProcPort: Int
    val adminPort: Int
}
