package routercluster.inference.read

import routercluster.inference.batch.PassFacts
import routercluster.inference.batch.Row
import routercluster.inference.batch.RowOwner
import routercluster.inference.heads.answer
import routercluster.inference.network.Findings
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.PassageResult
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.atomic.AtomicInteger

/**
 * A request on its way: counts its rows in and answers when the last is there.
 *
 * @property deadline in nanoseconds, as [nanoTime] counts
 */
internal class Call(
    private val request: EncodeRequest,
    private val nanoTime: () -> Long,
    private val replies: Executor,
) : RowOwner {
    val reply = CompletableFuture<EncodeReply>()
    private val begun = nanoTime()
    val deadline: Long = begun + request.timeout.toNanos()
    private var questions: List<List<Question>> = emptyList()
    private var readings: Map<ReadingDraft, Reading> = emptyMap()
    private var placed: List<Pair<Reading, Int>> = emptyList()
    private var tokenized = 0L
    private val passes = Passes()

    @Volatile
    private var missing = AtomicInteger()

    override val isOver: Boolean get() = reply.isDone

    /** Makes the rows of [plan]. [rank] gives when the row behind so many tokens of this request is due. */
    fun rows(plan: Plan, prepare: (ReadingDraft) -> Reading, rank: (tokens: Long) -> Long): List<Row> {
        val started = nanoTime()
        questions = plan.questions
        readings = plan.drafts.associateWith(prepare)
        placed = readings.values.flatMap { reading -> reading.windows.indices.map { reading to it } }
        missing = AtomicInteger(placed.size)
        tokenized = nanoTime() - started
        var tokens = 0L
        return placed.mapIndexed { place, (reading, at) ->
            val window = reading.windows[at]
            Row(this, place, window, reading.wants, rank(tokens), deadline).also { tokens += window.size }
        }
    }

    override fun found(row: Row, findings: Findings, pass: PassFacts) {
        val (reading, at) = placed[row.place]
        reading.found(at, findings)
        passes.add(pass)
        if (missing.decrementAndGet() == 0) away(::finish)
    }

    override fun failed(failure: EncodeFailure) {
        if (!reply.isDone) away { reply.completeExceptionally(failure) }
    }

    /** On another thread than the device's, unless all are so busy that the device may as well wait. */
    private fun away(work: () -> Unit) {
        try {
            replies.execute(work)
        } catch (_: RejectedExecutionException) {
            work()
        }
    }

    private fun finish() {
        try {
            val results = questions.mapIndexed { i, asked -> resultOf(i, asked) }
            val computed = tokenized + passes.nanos
            val waited = maxOf(0L, nanoTime() - begun - computed)
            reply.complete(EncodeReply(results, passes.widest, Duration.ofNanos(waited), Duration.ofNanos(computed)))
        } catch (failure: RuntimeException) {
            reply.completeExceptionally(EncodeFailure.Unavailable("an answer could not be made of what the network gave", failure))
        }
    }

    private fun resultOf(passage: Int, questions: List<Question>): PassageResult {
        val results = questions.associate { it.ref to answerOf(it) }
        val read = questions.flatMap(Question::readings).distinct().map(readings::getValue)
        return PassageResult(results, coverageOf(request.passages[passage].text.length, read))
    }

    private fun answerOf(question: Question): HeadResult =
        try {
            answer(question, question.readings.map(readings::getValue))
        } catch (failure: RuntimeException) {
            HeadResult.Failed("its output could not be read: ${failure.javaClass.simpleName}")
        }
}

/** The passes that served a request. Written by one device's thread. */
private class Passes {
    private val seen = HashSet<Long>()
    var nanos = 0L
        private set
    var widest = 0
        private set

    fun add(pass: PassFacts) {
        if (!seen.add(pass.id)) return
        nanos += pass.nanos
        widest = maxOf(widest, pass.rows)
    }
}

/** The reading that came least far counts: what one head has not read is not covered. */
private fun coverageOf(length: Int, readings: List<Reading>): Coverage {
    val worst = readings.minBy(::shareRead)
    val characters = worst.key.text.length + (worst.key.pair?.length ?: 0)
    val read = worst.first.charactersRead + (worst.second?.charactersRead ?: 0)
    val whole = length + (worst.key.pair?.length ?: 0)
    return Coverage(
        windows = readings.sumOf { it.windows.size },
        tokens = readings.sumOf { it.first.ids.size + (it.second?.ids?.size ?: 0) },
        charactersRead = if (read == characters) whole else minOf(read, whole - 1),
        characters = whole,
    )
}

private fun shareRead(reading: Reading): Double {
    val characters = reading.key.text.length + (reading.key.pair?.length ?: 0)
    val read = reading.first.charactersRead + (reading.second?.charactersRead ?: 0)
    return if (characters == 0) 1.0 else read.toDouble() / characters
}
