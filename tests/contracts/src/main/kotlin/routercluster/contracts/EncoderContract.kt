package routercluster.contracts

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.floats.plusOrMinus
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Task
import routercluster.policy.encode.VectorShape
import java.time.Duration
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import kotlin.math.abs
import kotlin.math.sqrt

/**
 * What holds for every [Encoder], wherever it runs. A test class implements this and gives the [encoder]; tests of tasks that it lacks
 * then have nothing to do. It is opened and closed by whoever implements this.
 */
interface EncoderContract {
    val encoder: Encoder

    /** One that reads a single text, where there is one. */
    private val any: HeadRef get() = encoder.heads.entries
        .minBy { it.value.task.takesPair }
        .key

    private fun passage(text: String, head: HeadRef = any): Passage {
        val takesPair = encoder.heads[head]?.task?.takesPair == true
        return Passage(text, setOf(head), pair = "another text".takeIf { takesPair })
    }

    @Test
    fun `one result per passage, in their order, with what each asked for`() {
        val asked = singles().chunked(2).map(List<HeadRef>::toSet)
        val passages = asked.mapIndexed { i, heads -> Passage("text number $i", heads) }
        read(passages).results.map { it.heads.keys } shouldBe asked
    }

    @Test
    fun `no passages, no results`() {
        read(emptyList()).results shouldBe emptyList()
    }

    @Test
    fun `equal passages have equal results`() {
        val (first, second) = read(listOf(passage("the same"), passage("the same"))).results
        numbers(first, any) shouldBe numbers(second, any)
    }

    @Test
    fun `a text is read the same whenever it is asked`() {
        val once = numbers(read(listOf(passage("again and again"))).results.single(), any)
        val company = List(20) { passage("others $it ".repeat(it + 1)) }
        val later = numbers(read(company + passage("again and again")).results.last(), any)
        once.zip(later).all { (a, b) -> abs(a - b) < 1e-3f } shouldBe true
    }

    @Test
    fun `vectors have unit length, shortened ones too`() {
        for (head in of(Task.EMBED)) {
            val dimensions = encoder.heads.getValue(head).dimensions
            for (kept in listOf(null, 1, dimensions / 2, dimensions)) {
                val vector =
                    numbers(read(listOf(Passage("some text", setOf(head), vector = VectorShape(dimensions = kept)))).results.single(), head)
                vector.size shouldBe (kept ?: dimensions)
                sqrt(vector.sumOf { it.toDouble() * it }).toFloat() shouldBe (1f plusOrMinus 1e-3f)
            }
        }
    }

    @Test
    fun `labels have a probability each`() {
        for (head in of(Task.SEQ_CLS) + of(Task.NLI)) {
            val found = numbers(read(listOf(Passage("some text", setOf(head), pair = "another"))).results.single(), head)
            found.size shouldBe encoder.heads
                .getValue(head)
                .labels.size
            found.all { it in 0f..1f } shouldBe true
        }
    }

    @Test
    fun `scores lie within 0 and 1`() {
        for (head in of(Task.RERANK)) {
            val pairs = listOf("a query" to "a document", "a query" to "another", "a query" to "a query")
            val reply = read(pairs.map { (query, document) -> Passage(query, setOf(head), pair = document) })
            reply.results.all { numbers(it, head).single() in 0f..1f } shouldBe true
        }
    }

    @Test
    fun `odd texts have results`() {
        for (text in listOf("", " ", "\u0000", "\uD83D", "😀", "x".repeat(20_000))) {
            val result = read(listOf(passage(text))).results.single()
            result.heads.keys shouldBe setOf(any)
            (result.coverage.charactersRead <= result.coverage.characters) shouldBe true
        }
    }

    @Test
    fun `a short text is read to its end`() {
        read(listOf(passage("a short text")))
            .results
            .single()
            .coverage.isWhole shouldBe true
    }

    @Test
    fun `what cannot be had is refused`() {
        failure(Passage("x", setOf(HeadRef("no", "such")))).shouldBeInstanceOf<EncodeFailure.Refused>()
        failure(Passage("x", emptySet())).shouldBeInstanceOf<EncodeFailure.Refused>()
        for (head in of(Task.NLI) + of(Task.RERANK)) failure(Passage("x", setOf(head))).shouldBeInstanceOf<EncodeFailure.Refused>()
        for (head in of(Task.EMBED)) {
            val wider = VectorShape(dimensions = encoder.heads.getValue(head).dimensions + 1)
            failure(Passage("x", setOf(head), vector = wider)).shouldBeInstanceOf<EncodeFailure.Refused>()
        }
    }

    @Test
    fun `a request whose time is over is not read`() {
        failure(passage("x"), Duration.ZERO).shouldBeInstanceOf<EncodeFailure.TimedOut>()
    }

    private fun singles() = encoder.heads.keys.filter {
        !encoder.heads
            .getValue(it)
            .task.takesPair &&
            encoder.heads.getValue(it).task != Task.TOKEN
    }

    private fun of(task: Task) = encoder.heads.filterValues { it.task == task }.keys

    private fun read(passages: List<Passage>): EncodeReply =
        encoder.encode(EncodeRequest(passages, Duration.ofSeconds(60))).toCompletableFuture().get(90, TimeUnit.SECONDS)

    private fun failure(passage: Passage, timeout: Duration = Duration.ofSeconds(60)): Throwable? =
        shouldThrow<ExecutionException> {
            encoder.encode(EncodeRequest(listOf(passage), timeout)).toCompletableFuture().get(90, TimeUnit.SECONDS)
        }.cause

    /** A result as numbers, to compare. */
    private fun numbers(result: PassageResult, head: HeadRef): List<Float> =
        when (val found = result.heads.getValue(head)) {
            is HeadResult.Vector -> found.values.toList()
            is HeadResult.Labels -> found.probabilities.toList()
            is HeadResult.Score -> listOf(found.value)
            is HeadResult.Spans -> found.spans.flatMap { listOf(it.start.toFloat(), it.end.toFloat(), it.confidence) }
            is HeadResult.Failed -> throw AssertionError("head $head: ${found.reason}")
        }
}
