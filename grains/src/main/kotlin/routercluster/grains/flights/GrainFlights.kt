package routercluster.grains.flights

import routercluster.grains.directory.GrainDirectory
import routercluster.policy.cache.AnswerFlights
import routercluster.policy.cache.FlightLead
import routercluster.policy.cache.FlightTrouble
import routercluster.policy.cache.Joined
import routercluster.policy.cache.KeptAnswer
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicLong

/**
 * Flights over the nodes of a cluster, by a grain for each key. It is asked again and again, each time for a while: so one that moves or dies is
 * followed by another, and who is gone is soon forgotten.
 *
 * @param name of this run of this node
 * @param replyMax beyond the time that a grain may take; one that is near answers within a millisecond
 * @param nanoTime a clock that only goes forward
 */
class GrainFlights(
    private val grains: GrainDirectory<FlightMessage>,
    private val name: String,
    private val replyMax: Duration = REPLY_MAX,
    private val nanoTime: () -> Long = System::nanoTime,
) : AnswerFlights {
    private val count = AtomicLong()

    override fun join(key: String, wait: Duration): CompletableFuture<Joined> =
        Joining(key, "$name-${count.incrementAndGet()}", nanoTime() + wait.toNanos()).also { it.ask(Duration.ZERO) }.joined

    private inner class Joining(private val key: String, private val asker: String, private val deadline: Long) {
        val joined = CompletableFuture<Joined>()

        init {
            joined.whenComplete { _, _ -> if (joined.isCancelled) leave() }
        }

        fun ask(wait: Duration) {
            val timeout = wait.plus(replyMax)
            grains
                .ask<FlightReply>(key, timeout) { FlightMessage.Join(asker, wait.toMillis(), it) }
                .toCompletableFuture()
                // A node whose actors have ended keeps no time for its questions.
                .orTimeout(timeout.plus(LOST_AFTER).toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete { reply, _ -> if (reply == null) giveUp(FlightTrouble.AWAY) else told(reply) }
        }

        private fun told(reply: FlightReply) {
            when (reply) {
                is FlightReply.Leads -> {
                    val lead = Lead(key, asker, Duration.ofMillis(reply.leaseMillis).dividedBy(RENEWALS_PER_LEASE))
                    if (!joined.complete(Joined.Leads(lead))) lead.ended(null)
                }

                is FlightReply.Landed -> {
                    val kept = KeptAnswer.fromBytes(reply.answer)
                    joined.complete(if (kept == null) Joined.Alone(FlightTrouble.AWAY) else Joined.Shared(kept))
                }

                is FlightReply.Alone -> {
                    val trouble = FlightTrouble.entries.firstOrNull { it.name == reply.trouble } ?: FlightTrouble.AWAY
                    joined.complete(Joined.Alone(trouble))
                }

                is FlightReply.Flying -> {
                    again()
                }
            }
        }

        private fun again() {
            val left = Duration.ofNanos(deadline - nanoTime())
            when {
                joined.isDone -> Unit
                left < WAIT_MIN -> giveUp(FlightTrouble.TIMED_OUT)
                else -> ask(minOf(left, WAIT_MAX))
            }
        }

        private fun giveUp(trouble: FlightTrouble) {
            if (joined.complete(Joined.Alone(trouble))) leave()
        }

        private fun leave() = grains.tell(key, FlightMessage.Done(asker, null))
    }

    private inner class Lead(
        private val key: String,
        private val asker: String,
        private val renewEvery: Duration,
    ) : FlightLead {
        private val isOpen = AtomicBoolean(true)
        private val renewUntil = nanoTime() + LEAD_MAX.toNanos()

        init {
            renewLater()
        }

        private fun renewLater() {
            CompletableFuture.delayedExecutor(renewEvery.toMillis(), TimeUnit.MILLISECONDS, direct).execute {
                if (isOpen.get() && nanoTime() < renewUntil) {
                    grains.tell(key, FlightMessage.Renew(asker))
                    renewLater()
                }
            }
        }

        override fun ended(kept: KeptAnswer?) {
            if (!isOpen.compareAndSet(true, false)) return
            grains.tell(key, FlightMessage.Done(asker, kept?.toBytes()?.takeIf { it.size <= ANSWER_BYTES_MAX }))
        }
    }

    private companion object {
        val REPLY_MAX: Duration = Duration.ofMillis(750)
        val LOST_AFTER: Duration = Duration.ofMillis(100)

        /** One question. */
        val WAIT_MAX: Duration = Duration.ofSeconds(2)
        val WAIT_MIN: Duration = Duration.ofMillis(10)
        const val RENEWALS_PER_LEASE = 3L

        /** No request asks a model for longer. */
        val LEAD_MAX: Duration = Duration.ofMinutes(10)

        /** A longer answer is not sent to other nodes. */
        const val ANSWER_BYTES_MAX = 1024 * 1024

        /** Telling a grain takes no time, so the thread that keeps the time may do it. */
        val direct = Executor { it.run() }
    }
}
