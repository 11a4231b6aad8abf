package routercluster.silo.cache

import org.apache.pekko.actor.typed.Props
import routercluster.grains.cacheledger.GrainCacheLedger
import routercluster.grains.cacheledger.cacheLedgerKind
import routercluster.grains.state.StateStore
import routercluster.policy.cache.CacheLedger
import routercluster.silo.OpeningSilo
import java.time.InstantSource

/** What was done to kept answers, kept in [store] for this node and all others. One per node; nothing is heard before the node is open. */
fun cacheLedger(node: OpeningSilo, store: StateStore, clock: InstantSource): CacheLedger {
    val ledger = GrainCacheLedger(node.host(cacheLedgerKind(store, clock)), clock)
    node.whenOpen { silo -> ledger.start { behaviour, name -> silo.system.systemActorOf(behaviour, name, Props.empty()) } }
    return ledger
}
