package routercluster.grains.directory

import org.apache.pekko.Done
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.javadsl.ActorContext
import org.apache.pekko.actor.typed.javadsl.Behaviors
import java.time.Duration
import java.util.concurrent.CompletableFuture

/** Wakes grains, hands them their messages in order, and sends those to sleep that are idle or too many. */
internal fun <M : Any> grainKeeper(kind: GrainKind<M>, nanoTime: () -> Long): Behavior<KeeperMessage<M>> =
    Behaviors.setup { context ->
        Behaviors.withTimers { timers ->
            val sweepEvery = minOf(kind.idleAfter.dividedBy(SWEEPS_PER_IDLE_TIME), SWEEP_EVERY_MAX)
            timers.startTimerWithFixedDelay(KeeperMessage.Sweep, sweepEvery)
            val keeper = GrainKeeper(context, kind, nanoTime)
            Behaviors.receiveMessage { message ->
                when (message) {
                    is KeeperMessage.Deliver -> keeper.deliver(message.id, message.message)
                    is KeeperMessage.Gone -> keeper.gone(message.id)
                    is KeeperMessage.Count -> keeper.count(message.promise)
                    is KeeperMessage.StopAll -> keeper.stopAll(message.promise)
                    KeeperMessage.Sweep -> keeper.sweep()
                }
                Behaviors.same()
            }
        }
    }

private class Grain<M>(val ref: ActorRef<M>, var toldAtNanos: Long)

/** A grain that was told to stop, and what its successor will be told. */
private class Leaving<M>(val ref: ActorRef<M>, val sinceNanos: Long, val waiting: ArrayDeque<M> = ArrayDeque())

private class GrainKeeper<M : Any>(
    private val context: ActorContext<KeeperMessage<M>>,
    private val kind: GrainKind<M>,
    private val nanoTime: () -> Long,
) {
    /** The first is the one that was told nothing for longest. */
    private val awake = LinkedHashMap<String, Grain<M>>(16, 0.75f, true)
    private val leaving = HashMap<String, Leaving<M>>()
    private var waitingCount = 0
    private var closing: CompletableFuture<Done>? = null

    fun deliver(id: String, message: M) {
        val left = leaving[id]
        when {
            closing != null -> refuse(id, "this node is stopping")
            left == null -> tell(id, message)
            waitingCount >= WAITING_MAX -> refuse(id, "$WAITING_MAX messages wait for grains that are stopping")
            else -> left.wait(message)
        }
    }

    private fun Leaving<M>.wait(message: M) {
        waiting += message
        waitingCount++
    }

    private fun tell(id: String, message: M) {
        val grain = awake[id] ?: wake(id)
        grain.toldAtNanos = nanoTime()
        grain.ref.tell(message)
    }

    private fun wake(id: String): Grain<M> {
        if (awake.size >= kind.activeMax) stop(awake.keys.first())
        val ref = context.spawnAnonymous(kind.supervised(id))
        context.watchWith(ref, KeeperMessage.Gone(id))
        return Grain(ref, nanoTime()).also { awake[id] = it }
    }

    private fun stop(id: String) {
        val grain = awake.remove(id) ?: return
        leaving[id] = Leaving(grain.ref, nanoTime())
        grain.ref.tell(kind.stop)
    }

    fun gone(id: String) {
        awake.remove(id)
        leaving.remove(id)?.let { left ->
            waitingCount -= left.waiting.size
            left.waiting.forEach { deliver(id, it) }
        }
        completeClosing()
    }

    fun sweep() {
        val now = nanoTime()
        awake
            .entries
            .takeWhile { now - it.value.toldAtNanos >= kind.idleAfter.toNanos() }
            .map { it.key }
            .forEach(::stop)
        leaving.filterValues { now - it.sinceNanos >= STOP_MAX.toNanos() }.forEach { (id, left) ->
            context.log.error("grain {} of kind {} did not stop within {} s and is ended", id, kind.name, STOP_MAX.toSeconds())
            context.stop(left.ref)
        }
    }

    fun count(promise: CompletableFuture<Int>) {
        promise.complete(awake.size + leaving.size)
    }

    fun stopAll(promise: CompletableFuture<Done>) {
        closing = promise
        awake.keys.toList().forEach(::stop)
        completeClosing()
    }

    private fun completeClosing() {
        if (awake.isEmpty() && leaving.isEmpty()) closing?.complete(Done.getInstance())
    }

    /** Who asked learns of it by its timeout, as of any message that was lost. */
    private fun refuse(id: String, why: String) = context.log.warn("a message to grain {} of kind {} is dropped: {}", id, kind.name, why)
}

private const val SWEEPS_PER_IDLE_TIME = 4L
private val SWEEP_EVERY_MAX: Duration = Duration.ofSeconds(10)

/** Messages, of all grains of a kind, that wait for grains which are stopping. */
private const val WAITING_MAX = 10_000

/** Time that a grain has for ending what it began. */
private val STOP_MAX: Duration = Duration.ofSeconds(30)
