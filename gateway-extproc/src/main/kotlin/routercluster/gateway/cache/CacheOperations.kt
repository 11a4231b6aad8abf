package routercluster.gateway.cache

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.cache.AuditLine
import routercluster.policy.cache.CacheAct
import routercluster.policy.cache.CacheLedger
import routercluster.policy.cache.CacheScope
import routercluster.policy.cache.EntryFilter
import routercluster.policy.cache.Invalidations
import routercluster.policy.cache.LedgerFailure
import routercluster.policy.vectors.CollectionStats
import java.time.Clock
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicReference

/**
 * How many entries a filter means: [exact] of this process, and [semantic] of the store, null where it cannot tell or nobody has asked it
 * for anything yet. An answer may be in both.
 */
internal class Meant(val exact: Long, val semantic: Long?)

/** What operators may do to kept answers and ask of them. Safe for use by many threads. */
internal class CacheOperations(
    val exact: EqualAnswers,
    private val alike: AlikeAnswers?,
    private val learnt: LearntHits,
    private val ledger: CacheLedger,
    private val namespaces: Namespaces,
    private val tally: CacheTally,
    private val clock: Clock,
) {
    val pages = EntryPages(exact, alike, ledger, clock)
    val transfer = CacheTransfer(exact, alike, ledger, clock)
    private val done = AtomicReference(Invalidations.NONE)

    init {
        ledger.watch { all -> CompletableFuture.runAsync { forget(all) } }
    }

    val invalidationCount: Int get() = ledger.invalidations.all.size

    fun learnt(): List<LearntDecision> = learnt.told()

    /** @throws LedgerFailure.Unavailable where it is not known yet by what secret answers are kept apart */
    fun namespace(scope: CacheScope, tenant: String?, team: String?, user: String?): String? {
        if (!namespaces.isSettled()) throw LedgerFailure.Unavailable("the secret of all nodes is not known here yet")
        return namespaces.named(scope, tenant, team, user)
    }

    /** Makes room of what is not given any more: of what was not forgotten before. */
    private fun forget(all: Invalidations) {
        val before = done.getAndSet(all).all.toSet()
        val added = Invalidations(all.all.filter { it !in before })
        exact.forget(added::forbids)
        alike?.forget(added.all, all.all)
    }

    fun meant(filter: EntryFilter): CompletionStage<Meant> {
        val here = exact.all().count { filter.meets(it.id, it.kept) && !ledger.invalidations.forbids(it.id, it.kept) }.toLong()
        val opened = alike?.opened().orEmpty()
        if (opened.isEmpty()) return CompletableFuture.completedStage(Meant(here, null))
        val selection = AlikeAnswers.selection(filter, clock.instant())
        val counts = opened.map { it.count(selection).toCompletableFuture() }
        return CompletableFuture.allOf(*counts.toTypedArray()).handle { _, failure ->
            Meant(here, if (failure == null) counts.sumOf { it.join() } else null)
        }
    }

    fun note(act: CacheAct): CompletionStage<AuditLine> = ledger.note(act)

    fun audit(after: Long, limit: Int) = ledger.audit(after, limit)

    /** Answers to alike requests that had to go for others. */
    val evictedAlike: Long get() = alike?.evicted ?: 0

    fun stats(): CompletionStage<ObjectNode> {
        val json = nodes.objectNode()
        json
            .putObject("exact")
            .put("entries", exact.count)
            .put("bytes", exact.bytes)
            .put("evicted", exact.evicted)
        json.put("invalidations", invalidationCount)
        tally.tellIn(json)
        val list = json.putArray("learnt")
        learnt().forEach { decision -> decision.categories.forEach { list.add(told(decision, it)) } }
        val stats = alike?.opened().orEmpty().map { it.stats().toCompletableFuture() }
        return CompletableFuture.allOf(*stats.toTypedArray()).handle { _, failure ->
            json.set("semantic", if (failure == null) told(stats.map { it.join() }) else nodes.nullNode())
        }
    }

    private fun told(stats: List<CollectionStats>) =
        if (stats.isEmpty()) {
            nodes.nullNode()
        } else {
            nodes
                .objectNode()
                .put("entries", stats.sumOf { it.entries })
                .put("bytes", stats.sumOf { it.bytes })
                .put("unreclaimed", stats.sumOf { it.unreclaimed })
                .put("evicted", evictedAlike)
        }

    private fun told(decision: LearntDecision, category: LearntCategory): ObjectNode {
        val standing = category.standing
        val json = nodes.objectNode().put("recipe", decision.recipe).put("decision", decision.decision)
        json
            .put("category", standing.category)
            .put("requests", standing.requests)
            .put("max_error", standing.maxError)
            .put("risk_allowed", standing.riskAllowed)
            .put("right_looks", standing.rightLooks)
            .put("wrong_looks", standing.wrongLooks)
        val wrong = standing.wrongShare
        json.set<ObjectNode>(
            "wrong_share",
            if (wrong == null) {
                nodes.nullNode()
            } else {
                nodes
                    .objectNode()
                    .put("likely", wrong.likely)
                    .put("low", wrong.low)
                    .put("high", wrong.high)
            },
        )
        json.putObject("last").put("risk", category.lastRisk).set<ObjectNode>("log_odds", told(category.lastParts))
        return json
    }

    private fun told(parts: Map<String, Double>): ObjectNode = nodes.objectNode().also { parts.forEach(it::put) }

    private companion object {
        val nodes: JsonNodeFactory = JsonNodeFactory.instance
    }
}
