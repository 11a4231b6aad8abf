package routercluster.cluster.node

import io.lettuce.core.RedisClient
import io.lettuce.core.RedisCommandExecutionException
import io.lettuce.core.RedisURI
import io.lettuce.core.ScriptOutputType
import io.lettuce.core.codec.ByteArrayCodec
import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.WireMessage
import routercluster.grains.directory.GrainDirectory
import routercluster.grains.directory.GrainKind
import routercluster.grains.state.GrainStop
import routercluster.grains.state.KeptGrain
import routercluster.grains.state.StateCodec
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import routercluster.grains.state.Step
import routercluster.grains.state.StoredState
import routercluster.grains.state.kept
import routercluster.policy.conversations.Changed
import routercluster.policy.conversations.Conversation
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Conversations
import routercluster.policy.conversations.Item
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit

sealed interface Ledger : WireMessage {
    data class Add(val id: String, val replyTo: ActorRef<LedgerReply>) : Ledger

    data class Read(val replyTo: ActorRef<LedgerReply>) : Ledger

    data object Sleep : Ledger, GrainStop
}

data class LedgerReply(val ids: List<String>, val failure: String?) : WireMessage

data class LedgerState(val ids: List<String>)

fun ledgerKind(store: StateStore, idle: Duration) =
    GrainKind("ledger", Ledger::class.java, Ledger.Sleep, idleAfter = idle) { id ->
        kept(StateKey("ledger", id), store, StateCodec(LedgerState::class.java, 1)) { LedgerGrain() }
    }

private class LedgerGrain : KeptGrain<Ledger, LedgerState> {
    override fun decide(state: LedgerState?, command: Ledger): Step<LedgerState> =
        when (command) {
            is Ledger.Add -> {
                val ids = state?.ids.orEmpty()
                if (command.id in ids) {
                    Step.Stay { command.replyTo.tell(LedgerReply(ids, null)) }
                } else {
                    val after = ids + command.id
                    Step.Save(LedgerState(after), null) { command.replyTo.tell(LedgerReply(after, null)) }
                }
            }

            is Ledger.Read -> {
                Step.Stay { command.replyTo.tell(LedgerReply(state?.ids.orEmpty(), null)) }
            }

            is Ledger.Sleep -> {
                Step.Stay {}
            }
        }

    override fun onlyReads(command: Ledger) = command is Ledger.Read

    override fun refuse(command: Ledger, failure: StateFailure) {
        val reply = LedgerReply(emptyList(), "$failure")
        when (command) {
            is Ledger.Add -> command.replyTo.tell(reply)
            is Ledger.Read -> command.replyTo.tell(reply)
            is Ledger.Sleep -> Unit
        }
    }
}

class LedgerConversations(private val grains: GrainDirectory<Ledger>) : Conversations {
    override fun load(id: ConversationId, timeout: Duration): CompletionStage<Conversation?> =
        ask(id, deadline(timeout)) { Ledger.Read(it) }.thenApply { conversation(id, it) }

    override fun change(id: ConversationId, change: ConversationChange, timeout: Duration): CompletionStage<Changed> =
        when (change) {
            is ConversationChange.EndTurn -> ask(id, deadline(timeout)) { Ledger.Add(change.turn.id, it) }.thenApply { Changed.Done(conversation(id, it)) }
            else -> CompletableFuture.completedFuture(Changed.Done(null))
        }

    private fun ask(id: ConversationId, end: Long, make: (ActorRef<LedgerReply>) -> Ledger): CompletionStage<LedgerReply> =
        grains.ask<LedgerReply>(id.id, Duration.ofSeconds(3), make).handle { reply, failure ->
            when {
                reply != null && reply.failure == null -> CompletableFuture.completedFuture(reply)
                System.nanoTime() > end || reply?.failure?.contains("Full") == true -> CompletableFuture.failedFuture(failure ?: IllegalStateException(reply?.failure))
                else -> CompletableFuture.supplyAsync({ }, CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS)).thenCompose { ask(id, end, make) }
            }
        }.thenCompose { it }

    private fun deadline(timeout: Duration) = System.nanoTime() + timeout.toNanos()

    private fun conversation(id: ConversationId, reply: LedgerReply) =
        Conversation(
            id, 1, Instant.EPOCH,
            turns = reply.ids.map { Turn(it, null, Instant.EPOCH, TurnStatus.COMPLETED, output = listOf(Item("i", "1"))) },
        )
}

class PlainRedisStore(port: Int) : StateStore {
    private val redis = RedisClient.create(RedisURI.create("127.0.0.1", port).apply { timeout = Duration.ofSeconds(3) })
    private val commands by lazy { redis.connect(ByteArrayCodec.INSTANCE).async() }

    override fun load(key: StateKey): CompletionStage<StoredState?> =
        failing(commands.hgetall(name(key))).thenApply { all ->
            val fields = all.mapKeys { String(it.key) }
            fields["r"]?.let { StoredState(String(it).toLong(), fields.getValue("b")) }
        }

    override fun save(key: StateKey, expectedRevision: Long, bytes: ByteArray, expiresAfter: Duration?): CompletionStage<Long> =
        failing(commands.eval<Long>(SAVE.toByteArray(), ScriptOutputType.INTEGER, arrayOf(name(key)), "$expectedRevision".toByteArray(), bytes)).thenApply {
            if (it < 0) throw StateFailure.Stale(key, expectedRevision)
            it
        }

    override fun delete(key: StateKey, expectedRevision: Long): CompletionStage<Unit> = CompletableFuture.failedFuture(IllegalStateException("none"))

    private fun <T> failing(stage: CompletionStage<T>): CompletionStage<T> =
        stage.toCompletableFuture().orTimeout(3, TimeUnit.SECONDS).exceptionally { failure ->
            val cause = failure.cause ?: failure
            if (cause is RedisCommandExecutionException && "OOM" in cause.message.orEmpty()) throw StateFailure.Full("Redis is full")
            throw StateFailure.Unavailable("redis", cause)
        }

    private fun name(key: StateKey) = "${key.kind}:${key.id}".toByteArray()

    override fun close() = redis.shutdown()

    private companion object {
        const val SAVE = "local r=redis.call('HGET',KEYS[1],'r') or '0'; if r~=ARGV[1] then return -1 end; " +
            "redis.call('HSET',KEYS[1],'r',r+1,'b',ARGV[2]); return r+1"
    }
}
