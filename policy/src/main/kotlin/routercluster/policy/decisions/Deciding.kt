package routercluster.policy.decisions

import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef
import java.time.Duration

/** How far the decision on one request has come: a [Ruling], or a [Question] to encoders on which it depends. */
sealed interface Deciding

/**
 * What encoders must be asked before a decision can go on. A value without a clock: whoever carries [request] to an encoder tells
 * what came of it and how long that took, and gets the next state. The same answer gives the same state, however often it is given.
 *
 * @property request everything that the signals of this stage want read, equal texts once
 */
class Question internal constructor(
    private val course: Course,
    private val contest: Contest,
    private val asked: List<AskedSignal>,
    private val waiting: List<AskedSignal>,
    private val before: Heard,
    val request: EncodeRequest,
    private val sought: Sought?,
) : Deciding {
    /** Those that wait for the answer. */
    val signals: List<SignalRef> get() = waiting.map { it.signal.ref }

    /** How long after the request was sent [expired] has something to say. */
    val patience: Duration get() = waiting.minOf { it.signal.timeout }

    /** The encoder's [reply] came after [took]. */
    fun answered(reply: EncodeReply, took: Duration): Deciding {
        val next = contest.fork()
        val whole = reply.results.size == request.passages.size
        for (it in waiting) {
            val reading =
                if (whole) {
                    it.read(
                        course.facts,
                        reply.results,
                    )
                } else {
                    Reading.Failed("the encoder answered ${reply.results.size} of ${request.passages.size} passages")
                }
            next.take(it.index, reading)
        }
        val sight = sought?.let {
            if (whole) {
                course.sights.read(
                    it.needs,
                    reply.results[it.place],
                )
            } else {
                course.sights.blind(it.needs, "the encoder's answer is not whole")
            }
        }
        return course.advance(next, before.plus(EncodeCall.of(refs(), request, reply, took), sight))
    }

    /** The request as a whole could not be answered, for [reason]. */
    fun failed(reason: String, took: Duration): Deciding {
        val next = contest.fork()
        for (it in waiting) next.take(it.index, Reading.Failed(reason))
        return course.advance(next, before.plus(EncodeCall.failed(refs(), request, reason, took), blind(reason)))
    }

    /**
     * Nothing came within [took]: signals whose timeout is not longer have failed. Where the decision still needs one of the
     * others, this is a question with the same [request], which is then still awaited.
     */
    fun expired(took: Duration): Deciding {
        val (late, rest) = waiting.partition { it.signal.timeout <= took }
        if (late.isEmpty()) return this
        val next = contest.fork()
        for (it in late) next.take(it.index, Reading.Failed("no answer within ${it.signal.timeout.toMillis()} ms"))
        if (rest.isEmpty() || course.isDecided(next)) {
            return course.advance(next, before.plus(EncodeCall.failed(refs(), request, GIVEN_UP, took), blind(GIVEN_UP)))
        }
        return Question(course, next, asked, rest, before, request, sought)
    }

    /** What was read before the question came up. */
    internal fun evidence(): Evidence = contest.standing.evidence

    private fun refs() = asked.map { it.signal.ref }

    private fun blind(reason: String) = sought?.let { course.sights.blind(it.needs, reason) }

    private companion object {
        const val GIVEN_UP = "not waited for any longer"
    }
}
