package routercluster.telemetry

import org.slf4j.LoggerFactory
import routercluster.policy.FailureClass
import routercluster.policy.Policy
import routercluster.policy.decisions.EncodeCall
import routercluster.policy.outcomes.HintKind
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef

/**
 * Something that happened in a door. Doors publish these and know nothing of metrics or logs. Small, immutable, free of prompt
 * texts, keys and user names. Durations are nanoseconds.
 */
sealed interface RouterEvent {
    /** A request came in at a door. Exactly one [Left] follows. */
    data object Entered : RouterEvent

    /** A request is over, however it ended. */
    data object Left : RouterEvent

    /**
     * A plan was made for a request.
     *
     * @property recipe null for a concrete model that was asked for by name
     * @property model the first candidate; null where no model will be called
     * @property readings every signal that was read
     * @property signalNanos what each reading took, in the order of [readings]; null where it was not measured
     * @property calls what was asked of encoders, in order
     * @property explored whether the model was picked because too little is known of it
     * @property regret what the pick is thought to lose, in shares of good answers, 0..1; null where that cannot be said
     * @property switched whether another model answered before in the conversation, as far as that is known
     */
    class Routed(
        val recipe: String?,
        val decision: String?,
        val model: String?,
        val readings: List<Pair<SignalRef, Reading>>,
        val decideNanos: Long,
        val signalNanos: List<Long>? = null,
        val calls: List<EncodeCall> = emptyList(),
        val explored: Boolean = false,
        val switched: Boolean = false,
        val regret: Double? = null,
    ) : RouterEvent {
        init {
            require(signalNanos == null || signalNanos.size == readings.size) {
                "${signalNanos?.size} times for ${readings.size} readings"
            }
        }
    }

    /**
     * An earlier answer was looked for.
     *
     * @property outcome one of a fixed list: `hit_exact`, `hit_semantic`, both also with `_stale` behind them, `miss`, `too_old`, `not_wanted`,
     *   `unavailable`, `too_risky`, `look` for a hit that is looked into, `fetch` for one whose time is over and that is fetched anew,
     *   `veto_` and what spoke against it, `hit_shared` for the answer that an equal request got just then, or `flight_` and why that was not
     *   waited for to its end
     * @property saved what the answer cost when a model gave it; null for a miss, and where nobody knows
     * @property category of the request, as far as a head told it
     * @property ageNanos of the answer; null for a miss
     * @property savedNanos what it took when a model gave it, from the request on; null for a miss
     */
    class AnswerSought(
        val decision: String,
        val outcome: String,
        val saved: Double? = null,
        val category: String? = null,
        val ageNanos: Long? = null,
        val savedNanos: Long? = null,
    ) : RouterEvent

    /**
     * An answer was kept, or was not.
     *
     * @property outcome `kept`, `not_repeated` where it has no place among those for alike requests, or why not: one of a fixed list
     */
    class AnswerKept(val decision: String, val outcome: String) : RouterEvent

    /**
     * A kept answer was compared with one that a model gave to the request, or somebody spoke of it.
     *
     * @property outcome `right`, `wrong`, `no_verdict`, `not_asked` where too much was being compared, or `taken_back` where somebody found it bad
     */
    class AnswerJudged(val decision: String, val outcome: String) : RouterEvent

    /**
     * One try at one upstream is over.
     *
     * @property upstream the upstream's id
     * @property status the upstream's HTTP status; null where no answer came
     * @property failure null for the attempt that served, and for one that was [cancelled]
     * @property cancelled nobody waited for its answer: the client left, or the other side of a hedge was faster
     */
    class AttemptEnded(
        val model: String,
        val upstream: String,
        val provider: String,
        val status: Int?,
        val failure: FailureClass?,
        val nanos: Long,
        val hedge: Boolean = false,
        val cancelled: Boolean = false,
    ) : RouterEvent

    /** A proxy that sends for us tried [upstream] again after [times] attempts in vain; how those failed it does not tell. */
    class Resent(val model: String, val upstream: String, val times: Int) : RouterEvent

    /**
     * An answer was given in full, or broke off, or was an error.
     *
     * @property operation as in the GenAI conventions: `chat`, `text_completion`, `embeddings` ...
     * @property askedModel what the client asked for, switches taken off
     * @property model the model that served; null where none did
     * @property errorCode null for success
     * @property nanos from the request's arrival to the end of the answer
     * @property firstByteNanos from the request's arrival to the first byte of the answer's body
     * @property tokensEstimated whether the token counts are at least in part our estimate and not the upstream's word
     * @property cost in [currency]
     * @property costEstimated the part of [cost] that rests on estimates
     * @property finishReasons why each choice ended, in the provider's words
     * @property compared null where one of its prices is not known
     * @property advice the part of [cost] that was paid for choosing the model
     */
    data class Completed(
        val operation: String,
        val askedModel: String,
        val model: String?,
        val provider: String?,
        val recipe: String?,
        val decision: String?,
        val status: Int,
        val path: AnswerPath,
        val nanos: Long,
        val errorCode: String? = null,
        val stream: Boolean = false,
        val firstByteNanos: Long? = null,
        val promptTokens: Int? = null,
        val completionTokens: Int? = null,
        val cachedTokens: Int? = null,
        val tokensEstimated: Boolean = false,
        val cost: Double? = null,
        val costEstimated: Double = 0.0,
        val currency: String? = null,
        val finishReasons: List<String> = emptyList(),
        val compared: ComparedCost? = null,
        val advice: AdviceCost? = null,
    ) : RouterEvent

    /** A request was refused before it could be routed. [code] is the stable code that the client sees. */
    class Refused(val code: String, val status: Int) : RouterEvent

    /** A limit was asked about a request. [rule] is the policy's name for it. */
    class LimitAsked(val rule: String, val outcome: LimitOutcome) : RouterEvent

    /** Somebody gave feedback. [outcome] is `counted`, `repeated`, or the stable code of the error that they were told. */
    class Judged(val outcome: String) : RouterEvent

    /**
     * An answer or a next request let something on of a model. [counted] is false where its caller has had all the weight that one may
     * have.
     */
    class Hinted(val kind: HintKind, val isGood: Boolean, val counted: Boolean) : RouterEvent

    /** A policy took effect, at the start or by a reload. */
    class PolicyLoaded(val policy: Policy) : RouterEvent

    /** A policy file was not taken; the last good policy goes on. [reason] is safe to show to an operator. */
    class PolicyRejected(val reason: String) : RouterEvent
}

/**
 * What an answer's tokens cost from the model that [served], and what they would have from the [priciest] candidate and the [default]
 * model.
 */
data class ComparedCost(val served: Double, val priciest: Double, val default: Double)

/** What a limit said, or what became of a request where it could not be asked. [label] is its name in metrics. */
enum class LimitOutcome(val label: String) {
    GRANTED("granted"),
    DENIED("denied"),
    PASSED_UNASKED("passed_unasked"),
    REFUSED_UNASKED("refused_unasked"),
}

/** Where an answer came from. [label] is its name in metrics. */
enum class AnswerPath(val label: String) {
    UPSTREAM("upstream"),
    FAST_RESPONSE("fast_response"),
    CACHE("cache"),
    ERROR("error"),
}

/** The name of an attempt's failure in metrics and traces. */
internal val FailureClass.label: String
    get() =
        when (this) {
            FailureClass.CONNECT -> "connect"
            FailureClass.TIMEOUT -> "timeout"
            FailureClass.RATE_LIMITED -> "rate_limited"
            FailureClass.SERVER_ERROR -> "server_error"
            FailureClass.CREDENTIALS -> "credentials"
        }

/** Where events go. Called on request threads: an implementation is quick, never blocks and never throws. */
fun interface Events {
    fun publish(event: RouterEvent)

    companion object {
        /** Takes events to nowhere. */
        val NONE = Events { }

        /** Publishes to every one of [sinks] in order. One that throws is logged and does not keep events from the others. */
        fun all(vararg sinks: Events): Events = Events { event -> sinks.forEach { guarded(it, event) } }

        private fun guarded(sink: Events, event: RouterEvent) {
            try {
                sink.publish(event)
            } catch (e: RuntimeException) {
                log.error("an event sink failed on {}", event::class.java.simpleName, e)
            }
        }

        private val log = LoggerFactory.getLogger(Events::class.java)
    }
}

/** What asking language models to choose came to. */
data class AdviceCost(val currency: String, val cost: Double)
