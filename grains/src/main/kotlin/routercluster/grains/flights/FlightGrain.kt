package routercluster.grains.flights

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.actor.typed.javadsl.TimerScheduler
import routercluster.grains.directory.GrainKind
import routercluster.policy.cache.FlightTrouble
import java.time.Duration

/** The kind's name, for directories. */
const val FLIGHT_GRAIN = "flight"

/**
 * Grains of flights, one for each key of equal requests. They keep nothing: one that is lost, or there twice, costs a call of a model.
 *
 * @param nanoTime a clock that only goes forward
 */
fun flightKind(nanoTime: () -> Long = System::nanoTime): GrainKind<FlightMessage> =
    GrainKind(
        FLIGHT_GRAIN,
        FlightMessage::class.java,
        FlightMessage.Stop,
        activeMax = ACTIVE_MAX,
        idleAfter = IDLE_AFTER,
        isLarge = true,
        isSafeTwice = true,
    ) { flight(nanoTime) }

private fun flight(nanoTime: () -> Long): Behavior<FlightMessage> =
    Behaviors.withTimers { timers ->
        val flight = Flight(timers, nanoTime)
        Behaviors.receiveMessage { message ->
            when (message) {
                is FlightMessage.Join -> flight.join(message)
                is FlightMessage.Renew -> flight.renew(message.asker)
                is FlightMessage.Done -> flight.done(message.asker, message.answer)
                FlightMessage.Tick -> flight.tick()
                FlightMessage.Stop -> flight.stop()
            }
            if (message === FlightMessage.Stop) Behaviors.stopped() else Behaviors.same()
        }
    }

private class Waiting(val replyTo: ActorRef<FlightReply>, val untilNanos: Long)

private class Flight(private val timers: TimerScheduler<FlightMessage>, private val nanoTime: () -> Long) {
    private var leader: String? = null
    private var leaseEnds = 0L

    /** Of this flight that have led until now; one that nobody waits in is over a moment after its leader. */
    private var leads = 0
    private var emptyAt = 0L

    /** What came of the last flight, for those who look in between two questions. */
    private var landed: ByteArray? = null
    private var landedUntil = 0L
    private val waiting = LinkedHashMap<String, Waiting>()

    fun join(message: FlightMessage.Join) {
        val now = nanoTime()
        pass(now)
        val answer = landed
        when {
            answer != null -> message.replyTo.tell(FlightReply.Landed(answer))
            leader == null || leader == message.asker -> lead(message.asker, message.replyTo, now)
            message.waitMillis <= 0 -> message.replyTo.tell(FlightReply.Flying)
            waiting.size >= WAITING_MAX -> message.replyTo.tell(FlightReply.Alone(FlightTrouble.FULL.name))
            else -> wait(message, now)
        }
    }

    private fun wait(message: FlightMessage.Join, now: Long) {
        val untilNanos = now + Duration.ofMillis(message.waitMillis).toNanos()
        waiting[message.asker] = Waiting(message.replyTo, untilNanos)
        keepTime()
    }

    private fun keepTime() {
        if (!timers.isTimerActive(FlightMessage.Tick)) timers.startTimerWithFixedDelay(FlightMessage.Tick, FlightMessage.Tick, TICK)
    }

    fun renew(asker: String) {
        if (leader == asker) leaseEnds = nanoTime() + LEASE.toNanos()
    }

    /** Also one whose lease was over may bring what all wait for. */
    fun done(asker: String, answer: ByteArray?) {
        waiting.remove(asker)
        if (answer != null) {
            landed = answer
            landedUntil = nanoTime() + BETWEEN.toNanos()
            end(FlightReply.Landed(answer))
            keepTime()
        } else if (leader == asker) {
            next(nanoTime())
        }
    }

    fun tick() {
        val now = nanoTime()
        pass(now)
        val gone = waiting.filterValues { now - it.untilNanos >= 0 }
        gone.forEach { (asker, left) ->
            waiting.remove(asker)
            left.replyTo.tell(FlightReply.Flying)
        }
        if (waiting.isEmpty() && landed == null) timers.cancel(FlightMessage.Tick)
    }

    /** Those who wait ask again, and wake a successor. */
    fun stop() = end(FlightReply.Flying)

    private fun pass(now: Long) {
        if (landed != null && now - landedUntil >= 0) landed = null
        if (leader != null && now - leaseEnds >= 0) next(now)
        if (leader == null && now - emptyAt >= BETWEEN.toNanos()) leads = 0
    }

    /** Who has waited longest leads, unless so many have led in vain that it is not worth the wait of the others. */
    private fun next(now: Long) {
        leader = null
        if (leads >= LEADS_MAX) return end(FlightReply.Alone(FlightTrouble.NOT_KEPT.name))
        val first = waiting.entries.firstOrNull()
        if (first == null) {
            emptyAt = now
        } else {
            waiting.remove(first.key)
            lead(first.key, first.value.replyTo, now)
        }
    }

    private fun lead(asker: String, replyTo: ActorRef<FlightReply>, now: Long) {
        if (leader != asker) leads++
        leader = asker
        leaseEnds = now + LEASE.toNanos()
        replyTo.tell(FlightReply.Leads(LEASE.toMillis()))
    }

    private fun end(reply: FlightReply) {
        leader = null
        leads = 0
        waiting.values.forEach { it.replyTo.tell(reply) }
        waiting.clear()
    }
}

/** A leader that is away is known by the end of its lease. */
private val LEASE: Duration = Duration.ofSeconds(5)
private val TICK: Duration = Duration.ofMillis(250)

/** Longer than a node takes from one question to the next. */
private val BETWEEN: Duration = Duration.ofSeconds(1)

/** Of one flight; each stands for one node, in whose process others wait. */
private const val WAITING_MAX = 1_000
private const val LEADS_MAX = 3
private const val ACTIVE_MAX = 10_000
private val IDLE_AFTER: Duration = Duration.ofSeconds(10)
