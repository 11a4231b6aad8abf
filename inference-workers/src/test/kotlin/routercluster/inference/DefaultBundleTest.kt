package routercluster.inference

import io.kotest.assertions.withClue
import io.kotest.matchers.floats.shouldBeGreaterThan
import io.kotest.matchers.floats.shouldBeLessThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.Task
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/** The bundle that this project trains, where it is there. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DefaultBundleTest {
    private val folder = Path.of("../models/default")
    private val encoder by lazy { openEncoder(EncoderConfig("default", EncoderSource.Folder(folder))) }

    @BeforeEach
    fun isThere() = assumeTrue(Files.exists(folder.resolve("heads.json")), "no bundle in models/default")

    @AfterAll
    fun close() {
        if (Files.exists(folder.resolve("heads.json"))) encoder.close()
    }

    @Test
    fun `every head answers from as few passes as there are kinds of input`() {
        val pairs = encoder.heads.filterValues { it.task.takesPair }.keys + HeadRef("default", "hallucination")
        val before = encoder.status.rows
        val single = encoder.read(Passage("What is the capital of France?", encoder.heads.keys - pairs)).results.single()
        encoder.status.rows - before shouldBe 1
        single.heads.values.none { it is HeadResult.Failed } shouldBe true
        val pair = encoder.read(Passage("Paris is the capital of France.", pairs, "The capital is Paris.")).results.single()
        pair.heads.values.none { it is HeadResult.Failed } shouldBe true
    }

    @Test
    fun `a result does not depend on the texts beside it`() {
        val heads = encoder.heads.filterValues { it.task == Task.SEQ_CLS || it.task == Task.EMBED }.keys
        val random = Random(SEED)
        val texts = List(60) { List(random.nextInt(1, 60)) { words.random(random) }.joinToString(" ") }
        val alone = texts.map { encoder.read(Passage(it, heads)) }
        val together = texts
            .map {
                encoder.encode(EncodeRequest(listOf(Passage(it, heads)), Duration.ofMinutes(1))).toCompletableFuture()
            }.map { it.get(60, TimeUnit.SECONDS) }
        (together.maxOf(EncodeReply::batch) > 1) shouldBe true
        for (i in texts.indices) {
            for (head in heads) {
                withClue("seed $SEED, $head of '${texts[i]}'") {
                    distance(numbers(together[i], head), numbers(alone[i], head)) shouldBeLessThan
                        1e-3f
                }
            }
        }
    }

    @Test
    fun `texts of one meaning are closer than others`() {
        val (password, login, weather) =
            listOf("How do I reset my password?", "I forgot my login credentials.", "The weather in Oslo is cold.")
                .map { encoder.vector(HeadRef("default", "embedding"), it) }
        dot(password, login) shouldBeGreaterThan dot(password, weather) + 0.2f
    }

    @Test
    fun `the fields of a form are told apart, at their places`() {
        val text = "Name: Maria Lopez\nAddress: 1420 Willow Creek Road\nCity: Denver"
        val spans = (encoder.ask(HeadRef("default", "pii"), text) as HeadResult.Spans).spans
        spans.map { it.label to text.substring(it.start, it.end) } shouldBe
            listOf("PERSON" to "Maria Lopez", "STREET_ADDRESS" to "1420 Willow Creek Road", "GPE" to "Denver")
    }

    private fun numbers(reply: EncodeReply, head: HeadRef): FloatArray =
        when (
            val found = reply.results
                .single()
                .heads
                .getValue(head)
        ) {
            is HeadResult.Vector -> found.values
            is HeadResult.Labels -> found.probabilities
            is HeadResult.Spans, is HeadResult.Score, is HeadResult.Failed -> throw AssertionError("head $head gave $found")
        }

    private companion object {
        const val SEED = 3
        val words = "how can I fix the query that returns wrong rows when two users sign in at once please explain why 42 % fail".split(' ')
    }
}
