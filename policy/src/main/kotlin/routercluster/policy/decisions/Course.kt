package routercluster.policy.decisions

import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal

/**
 * The way one request is decided by: what stays the same from question to question.
 *
 * @property everything reads every signal rather than as few as decide the matter
 * @param hasShape whether a head's answer depends on the vector shape that is asked for
 */
internal class Course(
    val facts: Facts,
    private val signals: List<Signal>,
    private val everything: Boolean,
    private val hasShape: (HeadRef) -> Boolean,
    private val rule: (Contest, List<EncodeCall>) -> Ruling,
) {
    /** Goes on from [contest], which it changes, to the next question or to the end. */
    fun advance(contest: Contest, calls: List<EncodeCall>): Deciding {
        while (!isDecided(contest)) {
            val first = next(contest, null)
            check(first >= 0) { "no signal left to read, yet no certain winner" }
            val learned = signals[first] as? LearnedSignal
            if (learned == null) {
                contest.take(first, signals[first].read(facts))
                continue
            }
            val stage = stage(contest, learned)
            // What has nothing to ask is read at once: it may settle what others would be asked for.
            val silent = stage.filter { it.passages.isEmpty() }
            for (it in silent) contest.take(it.index, it.signal.read(facts, emptyList()))
            if (silent.isEmpty()) return question(contest, stage, calls)
        }
        return rule(contest, calls)
    }

    fun isDecided(contest: Contest): Boolean = if (everything) contest.standing.readCount == signals.size else contest.winner() != UNDECIDED

    /** Every learned signal that is as dear as [first] and may still matter; all there are where everything is read. */
    private fun stage(contest: Contest, first: LearnedSignal): List<AskedSignal> {
        val listed = BooleanArray(signals.size)
        val stage = mutableListOf<AskedSignal>()
        while (true) {
            val index = next(contest, listed)
            val signal = signals.getOrNull(index) ?: return stage
            if (!everything && signal.cost > first.cost) return stage
            listed[index] = true
            if (signal is LearnedSignal) stage += AskedSignal(index, signal, signal.passages(facts))
        }
    }

    /** Plain signals come before learned ones. */
    private fun next(contest: Contest, listed: BooleanArray?): Int {
        if (!everything) return contest.next(listed)
        val unread = signals.indices.filter { contest.standing.readingOf(it) == null && listed?.get(it) != true }
        return unread.firstOrNull { signals[it] !is LearnedSignal } ?: unread.firstOrNull() ?: -1
    }

    private fun question(contest: Contest, stage: List<AskedSignal>, calls: List<EncodeCall>): Question {
        val merged = MergedPassages(hasShape)
        val placed = stage.map { asked -> asked.at(IntArray(asked.passages.size) { merged.place(asked.passages[it]) }) }
        val request = EncodeRequest(merged.passages(), stage.maxOf { it.signal.timeout })
        return Question(this, contest, placed, placed, calls, request)
    }
}

/**
 * A learned signal that is being asked for.
 *
 * @property index its place in the recipe
 * @property places where its passages stand in the request
 */
internal class AskedSignal(
    val index: Int,
    val signal: LearnedSignal,
    val passages: List<Passage>,
    private val places: IntArray = IntArray(0),
) {
    fun at(places: IntArray) = AskedSignal(index, signal, passages, places)

    /** Reads its own of the [results] of the whole request; what a head that failed means is the signal's to say. */
    fun read(facts: Facts, results: List<PassageResult>): Reading = signal.read(facts, places.map(results::get))
}

/** Passages of many signals as those of one request: a text that several want read stands there once, with all their heads. */
internal class MergedPassages(private val hasShape: (HeadRef) -> Boolean) {
    private val merged = mutableListOf<Passage>()
    private val byText = HashMap<Pair<String, String?>, MutableList<Int>>()

    fun passages(): List<Passage> = merged

    /** The place of [passage] among [passages]. */
    fun place(passage: Passage): Int {
        val sameText = byText.getOrPut(passage.text to passage.pair) { ArrayList(1) }
        val place = sameText.firstOrNull { fits(merged[it], passage) }
        if (place == null) {
            merged += passage
            sameText += merged.lastIndex
            return merged.lastIndex
        }
        val there = merged[place]
        merged[place] = there.copy(
            heads = there.heads + passage.heads,
            vector = if (there.heads.any(hasShape)) there.vector else passage.vector,
        )
        return place
    }

    /** One passage has one shape of vectors. */
    private fun fits(a: Passage, b: Passage) = a.vector == b.vector || a.heads.none(hasShape) || b.heads.none(hasShape)
}
