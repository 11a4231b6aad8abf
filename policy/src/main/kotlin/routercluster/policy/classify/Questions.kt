package routercluster.policy.classify

import routercluster.policy.catalog.Catalog
import routercluster.policy.decisions.MergedPassages
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult

/**
 * Judges a text. Pure: it says what is to be read, others read it, and the same results give the same finding.
 *
 * @param ask what to read of a text
 * @param find what the results come to, one per passage; throws [EncodeFailure.Unavailable] where they do not suffice
 */
class Judge<out T : Finding> internal constructor(
    internal val ask: (text: String) -> List<Passage>,
    internal val find: (text: String, results: List<PassageResult>) -> T,
)

/** Questions about texts that make one request: a text that several want read is read once, for all their heads. */
class Questions(catalog: Catalog) {
    private val merged = MergedPassages(catalog::givesVectors)

    /** What has to be read for all that was asked. */
    val passages: List<Passage> get() = merged.passages()

    fun <T : Finding> ask(judge: Judge<T>, text: String): Asked<T> {
        val passages = judge.ask(text)
        return Asked(judge, text, passages, passages.map(merged::place))
    }
}

/** A question that was asked with others. */
class Asked<out T : Finding> internal constructor(
    private val judge: Judge<T>,
    private val text: String,
    private val passages: List<Passage>,
    private val places: List<Int>,
) {
    /**
     * @param results of the whole request, in its order
     * @throws EncodeFailure.Unavailable where a head that was asked has failed, or a guard has not read everything
     */
    fun answer(results: List<PassageResult>): T {
        val own = places.map(results::get)
        for ((passage, result) in passages.zip(own)) passage.heads.forEach { checkAnswer(it, result.heads[it]) }
        return judge.find(text, own)
    }
}

private fun checkAnswer(head: HeadRef, answer: HeadResult?) {
    if (answer == null) throw EncodeFailure.Unavailable("no answer of $head")
    if (answer is HeadResult.Failed) throw EncodeFailure.Unavailable("$head: ${answer.reason}")
}

internal fun noSuchAnswer(head: HeadRef) = EncodeFailure.Unavailable("$head gave no answer of its kind")

/** How much was read of several passages together. */
internal fun List<PassageResult>.coverage(): Coverage =
    Coverage(
        sumOf { it.coverage.windows },
        sumOf { it.coverage.tokens },
        sumOf { it.coverage.charactersRead },
        sumOf { it.coverage.characters },
    )
