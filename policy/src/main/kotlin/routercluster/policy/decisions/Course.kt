package routercluster.policy.decisions

import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts
import routercluster.policy.selectors.Need
import routercluster.policy.selectors.Sight
import routercluster.policy.selectors.Sights
import routercluster.policy.signals.Cost
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal

/**
 * The way one request is decided by: what stays the same from question to question.
 *
 * @param wanted per signal whether it is read even where it cannot change the winner
 * @param hasShape whether a head's answer depends on the vector shape that is asked for
 * @param seek what selectors want read in the same call as signals of a cost: the needs of those decisions that can still win
 */
internal class Course(
    val facts: Facts,
    private val signals: List<Signal>,
    private val wanted: BooleanArray,
    private val hasShape: (HeadRef) -> Boolean,
    val sights: Sights,
    private val seek: (Contest, Cost) -> Set<Need>,
    private val rule: (Contest, Heard) -> Ruling,
) {
    /** Goes on from [contest], which it changes, to the next question or to the end. */
    fun advance(contest: Contest, heard: Heard): Deciding {
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
            if (silent.isEmpty()) return question(contest, stage, learned.cost, heard)
        }
        return rule(contest, heard)
    }

    fun isDecided(contest: Contest): Boolean = contest.winner() != UNDECIDED && nextWanted(contest, null) < 0

    /** Every learned signal that is as dear as [first] and may still matter, and all that are wanted. */
    private fun stage(contest: Contest, first: LearnedSignal): List<AskedSignal> {
        val listed = BooleanArray(signals.size)
        val stage = mutableListOf<AskedSignal>()
        while (true) {
            val index = next(contest, listed)
            val signal = signals.getOrNull(index) ?: return stage
            listed[index] = true
            val isAskedNow = signal.cost <= first.cost || wanted[index]
            if (signal is LearnedSignal && isAskedNow) stage += AskedSignal(index, signal, signal.passages(facts))
        }
    }

    private fun next(contest: Contest, listed: BooleanArray?): Int {
        val wanted = nextWanted(contest, listed)
        if (wanted >= 0) return wanted
        return if (contest.winner() == UNDECIDED) contest.next(listed) else -1
    }

    /** Plain signals come before learned ones. */
    private fun nextWanted(contest: Contest, listed: BooleanArray?): Int {
        var found = -1
        for (signal in signals.indices) {
            if (!wanted[signal] || contest.standing.readingOf(signal) != null || listed?.get(signal) == true) continue
            if (signals[signal] !is LearnedSignal) return signal
            if (found < 0) found = signal
        }
        return found
    }

    private fun question(contest: Contest, stage: List<AskedSignal>, cost: Cost, heard: Heard): Question {
        val merged = MergedPassages(hasShape)
        val placed = stage.map { asked -> asked.at(IntArray(asked.passages.size) { merged.place(asked.passages[it]) }) }
        val needs = if (heard.sight == null) seek(contest, cost) else emptySet()
        val sought = sights.passage(needs, facts)?.let { Sought(needs, merged.place(it)) }
        val request = EncodeRequest(merged.passages(), stage.maxOf { it.signal.timeout })
        return Question(this, contest, placed, placed, heard, request, sought)
    }
}

/** What was heard of encoders so far. */
internal class Heard(val calls: List<EncodeCall> = emptyList(), val sight: Sight? = null) {
    fun plus(call: EncodeCall, sight: Sight?) = Heard(calls + call, sight ?: this.sight)
}

/** What selectors want to know, and the [place] of the passage that tells it. */
internal class Sought(val needs: Set<Need>, val place: Int)

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
