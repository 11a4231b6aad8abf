package routercluster.grains.cacheledger

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.pubsub.Topic
import routercluster.grains.directory.GrainKind
import routercluster.grains.state.KeptGrain
import routercluster.grains.state.StateCodec
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import routercluster.grains.state.Step
import routercluster.grains.state.kept
import routercluster.policy.cache.AuditLine
import routercluster.policy.cache.LedgerBook
import java.time.InstantSource

/** The kind of the grain of the cache's ledger, of which there is one in a cluster: its id is [CACHE_LEDGER_ID]. */
internal const val CACHE_LEDGER_KIND = "cache-ledger"

internal const val CACHE_LEDGER_ID = "cache"

internal const val CACHE_LEDGER_TOPIC = "cache-ledger"

internal val cacheLedgerCodec = StateCodec(KeptCacheLedger::class.java, format = 1)

/** How the cache's ledger, which is kept in [store], is hosted. */
fun cacheLedgerKind(store: StateStore, clock: InstantSource): GrainKind<CacheLedgerCommand> =
    GrainKind(
        CACHE_LEDGER_KIND,
        CacheLedgerCommand::class.java,
        CacheLedgerCommand.Sleep,
        isLarge = true,
        isSafeTwice = store.isShared,
    ) { cacheLedgerGrain(store, clock) }

/** The grain that keeps which answers are not to be given again, and who did what to the cache, in [store]. */
fun cacheLedgerGrain(store: StateStore, clock: InstantSource): Behavior<CacheLedgerCommand> =
    kept(StateKey(CACHE_LEDGER_KIND, CACHE_LEDGER_ID), store, cacheLedgerCodec) { context ->
        CacheLedgerGrain(clock, context.spawn(Topic.create(CacheLedgerChanged::class.java, CACHE_LEDGER_TOPIC), "news"))
    }

private class CacheLedgerGrain(
    private val clock: InstantSource,
    private val topic: ActorRef<Topic.Command<CacheLedgerChanged>>,
) : KeptGrain<CacheLedgerCommand, KeptCacheLedger> {
    override fun decide(state: KeptCacheLedger?, command: CacheLedgerCommand): Step<KeptCacheLedger> =
        when (command) {
            is CacheLedgerCommand.Note -> note(state, command)
            is CacheLedgerCommand.Read -> Step.Stay { command.replyTo.tell(told(state, command.known)) }
            is CacheLedgerCommand.Audit -> Step.Stay { command.replyTo.tell(audit(state, command)) }
            is CacheLedgerCommand.Sleep -> Step.Stay {}
        }

    override fun onlyReads(command: CacheLedgerCommand): Boolean =
        command is CacheLedgerCommand.Read || command is CacheLedgerCommand.Audit

    override fun refuse(command: CacheLedgerCommand, failure: StateFailure) {
        val reason = failure.message.orEmpty()
        when (command) {
            is CacheLedgerCommand.Note -> command.replyTo.tell(NoteReply.Unavailable(reason))
            is CacheLedgerCommand.Read -> command.replyTo.tell(InvalidationsReply.Unavailable(reason))
            is CacheLedgerCommand.Audit -> command.replyTo.tell(AuditReply.Unavailable(reason))
            is CacheLedgerCommand.Sleep -> Unit
        }
    }

    /** Also after a load, in case this grain's predecessor did not come to it. */
    override fun durable(state: KeptCacheLedger?) {
        state?.let { topic.tell(Topic.publish(CacheLedgerChanged(it.head()))) }
    }

    private fun note(state: KeptCacheLedger?, command: CacheLedgerCommand.Note): Step<KeptCacheLedger> {
        val before = bookOf(state)
        val after = before.note(command.act.toAct(), clock.instant())
            ?: return Step.Stay { command.replyTo.tell(NoteReply.Full) }
        val reply = { command.replyTo.tell(NoteReply.Noted(after.lines.last().toWire(), before.head)) }
        return Step.Save(after.toKept(), expiresAfter = null, reply)
    }

    private fun told(state: KeptCacheLedger?, known: String): InvalidationsReply {
        val head = state?.head() ?: AuditLine.BEGINNING
        return InvalidationsReply.Told(head, state?.invalidations.orEmpty().takeIf { head != known })
    }

    private fun audit(state: KeptCacheLedger?, command: CacheLedgerCommand.Audit): AuditReply {
        val page = bookOf(state).page(command.after, command.limit.coerceIn(1, AUDIT_PAGE_MAX))
        val previous = page.lines.firstOrNull()?.previous ?: page.cut
        return AuditReply.Told(previous, page.lines.map { it.toWire() }, page.cut, page.first)
    }

    private fun bookOf(state: KeptCacheLedger?): LedgerBook = state?.toBook() ?: LedgerBook.EMPTY
}

/** Lines of one reply. */
internal const val AUDIT_PAGE_MAX = 1_000
