package routercluster.gateway.versions

import routercluster.contracts.MemoryPolicyLog
import routercluster.contracts.PolicyLogContract

/** The log that tests of keepers use is one like any other. */
class MemoryPolicyLogTest : PolicyLogContract {
    override val log = MemoryPolicyLog()
}
