package routercluster.cli.versions

import com.github.ajalt.clikt.parameters.groups.OptionGroup
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Failure
import routercluster.gateway.versions.HistoryFailure
import routercluster.gateway.versions.PolicyHistory
import routercluster.policy.versions.NoSuchVersion
import routercluster.policy.versions.PolicyVersion
import java.nio.file.Path

/** Opens the history of a policy file in a router's data folder; null is the usual one. */
typealias OpenHistory = (file: Path, data: Path?) -> PolicyHistory

/** Where routers keep what is theirs, as an option of a command. */
class DataFolder : OptionGroup() {
    val path by option(
        "--data-dir",
        help = "folder of what the router keeps, such as versions of the policy; default: data, beside the policy file",
        metavar = "DIR",
        envvar = "ROUTER_DATA_DIR",
    ).path()
}

/** The version of [file] that [revision] names, whole or by its first digits. */
internal fun PolicyHistory.find(revision: String): PolicyVersion =
    try {
        orFail { versions() }.find(revision)
    } catch (none: NoSuchVersion) {
        throw Failure("${none.message}; see `router policy history $file`")
    }

internal fun <T> orFail(use: () -> T): T =
    try {
        use()
    } catch (failure: HistoryFailure) {
        throw Failure(failure.message)
    }
