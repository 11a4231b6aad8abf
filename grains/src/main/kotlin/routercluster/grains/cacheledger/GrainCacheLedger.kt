package routercluster.grains.cacheledger

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import routercluster.grains.directory.GrainDirectory
import routercluster.grains.rootOf
import routercluster.policy.cache.AuditLine
import routercluster.policy.cache.AuditPage
import routercluster.policy.cache.CacheAct
import routercluster.policy.cache.CacheLedger
import routercluster.policy.cache.EntryFilter
import routercluster.policy.cache.Invalidation
import routercluster.policy.cache.Invalidations
import routercluster.policy.cache.LedgerFailure
import java.time.Duration
import java.time.InstantSource
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeoutException

/**
 * The ledger that a grain keeps, as a node reaches it. Until the grain has told it what is in force, whatever was kept before this node
 * began is not to be given: it may have been invalidated meanwhile.
 *
 * @param directory of the grains of [cacheLedgerKind]
 * @param lookEvery how often the grain is asked for what this node did not hear of
 * @param timeout longest wait for the grain's answer
 */
class GrainCacheLedger(
    private val directory: GrainDirectory<CacheLedgerCommand>,
    clock: InstantSource,
    private val lookEvery: Duration = Duration.ofSeconds(1),
    private val timeout: Duration = Duration.ofSeconds(5),
) : CacheLedger {
    private class Known(val head: String, val invalidations: Invalidations)

    private val watchers = CopyOnWriteArrayList<(Invalidations) -> Unit>()
    private val begun = clock.instant()

    @Volatile
    private var known = Known("", Invalidations(listOf(Invalidation(EntryFilter.ALL, begun, begun + FOR_LONG))))

    @Volatile
    private var follower: ActorRef<FollowerCommand>? = null

    override val invalidations: Invalidations get() = known.invalidations

    /** @param spawn starts a behaviour under a name on this node */
    fun start(spawn: (Behavior<FollowerCommand>, String) -> ActorRef<FollowerCommand>) {
        follower = spawn(cacheLedgerFollower(::read, lookEvery), "cache-ledger")
    }

    override fun note(act: CacheAct): CompletionStage<AuditLine> =
        directory
            .ask<NoteReply>(CACHE_LEDGER_ID, timeout) { CacheLedgerCommand.Note(act.toWire(), it) }
            .exceptionally { throw unavailable(it) }
            .thenCompose { reply ->
                when (reply) {
                    is NoteReply.Noted -> looked().thenApply { listOf(reply.line).toLines(reply.previous).single() }
                    is NoteReply.Full -> CompletableFuture.failedFuture(LedgerFailure.Full())
                    is NoteReply.Unavailable -> CompletableFuture.failedFuture(LedgerFailure.Unavailable(reply.reason))
                }
            }

    override fun audit(after: Long, limit: Int): CompletionStage<AuditPage> =
        directory
            .ask<AuditReply>(CACHE_LEDGER_ID, timeout) { CacheLedgerCommand.Audit(after, limit, it) }
            .exceptionally { throw unavailable(it) }
            .thenApply { reply ->
                when (reply) {
                    is AuditReply.Told -> AuditPage(reply.lines.toLines(reply.previous), reply.cut, reply.first)
                    is AuditReply.Unavailable -> throw LedgerFailure.Unavailable(reply.reason)
                }
            }

    override fun watch(watcher: (Invalidations) -> Unit) {
        watchers += watcher
        known.takeIf { it.head.isNotEmpty() }?.let { watcher(it.invalidations) }
    }

    /** Completes when this node knows what the grain knows after this call. */
    private fun looked(): CompletionStage<Unit> {
        val to = follower ?: return CompletableFuture.failedFuture(LedgerFailure.Unavailable("this node is being opened"))
        val promise = CompletableFuture<Unit>()
        to.tell(FollowerCommand.Ask(promise))
        return promise
    }

    /** One at a time, so that a late reply takes nothing back. */
    private fun read(): CompletionStage<Unit> =
        directory
            .ask<InvalidationsReply>(CACHE_LEDGER_ID, timeout) { CacheLedgerCommand.Read(known.head, it) }
            .exceptionally { throw unavailable(it) }
            .thenApply { reply ->
                when (reply) {
                    is InvalidationsReply.Told -> heard(reply)
                    is InvalidationsReply.Unavailable -> throw LedgerFailure.Unavailable(reply.reason)
                }
            }

    private fun heard(reply: InvalidationsReply.Told) {
        val all = reply.all?.toInvalidations() ?: return
        known = Known(reply.head, all)
        watchers.forEach { it(all) }
    }

    private fun unavailable(failure: Throwable): LedgerFailure {
        val cause = rootOf(failure)
        val late = "no answer within ${timeout.toSeconds()} s"
        return LedgerFailure.Unavailable(if (cause is TimeoutException) late else "the ledger failed: ${cause.javaClass.simpleName}")
    }

    private companion object {
        val FOR_LONG: Duration = Duration.ofDays(3_650)
    }
}
