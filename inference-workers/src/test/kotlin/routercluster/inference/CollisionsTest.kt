package routercluster.inference

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.policy.cache.CacheStoreSettings
import routercluster.policy.cache.HitLearner
import routercluster.policy.cache.Likeness
import routercluster.policy.cache.RiskModel
import routercluster.policy.cache.Ruling
import routercluster.policy.cache.Veto
import routercluster.policy.cache.Wording
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.zip.GZIPInputStream
import kotlin.random.Random

/** Texts that are made to be taken for another by the response cache, read by the bundle that this project trains. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CollisionsTest {
    private val folder = Path.of("../models/default")
    private val encoder by lazy { openEncoder(EncoderConfig("default", EncoderSource.Folder(folder))) }

    @BeforeAll
    fun isThere() = assumeTrue(Files.exists(folder.resolve("heads.json")), "no bundle in models/default")

    @AfterAll
    fun close() {
        if (Files.exists(folder.resolve("heads.json"))) encoder.close()
    }

    private fun vectors(texts: List<String>): List<FloatArray> =
        texts.chunked(BATCH).flatMap { part ->
            val request = EncodeRequest(part.map { Passage(it, setOf(EMBEDDING)) }, Duration.ofMinutes(5))
            encoder
                .encode(request)
                .toCompletableFuture()
                .get()
                .results
                .map { (it.heads.getValue(EMBEDDING) as HeadResult.Vector).values }
        }

    private fun similarities(victim: String, texts: List<String>): List<Double> {
        val (vector) = vectors(listOf(victim))
        return vectors(texts).map { other -> vector.indices.sumOf { vector[it].toDouble() * other[it] } }
    }

    private class Found(val text: String, val similarity: Double)

    private val found by lazy { suffixes(VICTIM, ATTACK) }

    /** The seeded search of somebody who may ask the embedding whatever they like: the best suffixes of a round are changed for the next. */
    private fun suffixes(victim: String, attack: String): List<Found> {
        val random = Random(SEED)
        val words = victim.trim('?').split(' ') + more
        var best = listOf(emptyList<String>())
        val all = ArrayList<Found>()
        repeat(ROUNDS) {
            val tried = List(CANDIDATES / ROUNDS) { changed(best.random(random), words, random) }
            val texts = tried.map { "$attack ${it.joinToString(" ")}" }
            val found = texts.zip(similarities(victim, texts), ::Found)
            all += found
            best = tried
                .zip(found)
                .sortedByDescending { it.second.similarity }
                .take(KEPT)
                .map { it.first }
        }
        return all
    }

    private fun changed(suffix: List<String>, words: List<String>, random: Random): List<String> {
        val next = suffix.toMutableList()
        repeat(random.nextInt(1, 4)) {
            if (next.isEmpty() || (next.size < SUFFIX_WORDS && random.nextInt(3) > 0)) {
                next.add(random.nextInt(next.size + 1), words.random(random))
            } else {
                next[random.nextInt(next.size)] = words.random(random)
            }
        }
        return next
    }

    private fun Found.isGiven(victim: String) =
        similarity >= CacheStoreSettings.SIMILARITY && Veto.between(Wording.of(text), Wording.of(victim)) == null

    @Test
    fun `of ten thousand suffixes that are searched for, none beyond the measured bound is given the victim's answer`() {
        found.size shouldBe CANDIDATES
        val given = found.count { it.isGiven(VICTIM) }
        val near = found.count { it.similarity >= CacheStoreSettings.SIMILARITY }
        val highest = found.maxBy { it.similarity }
        println("suffixes: $given given, $near similar of ${found.size}, highest ${"%.3f".format(highest.similarity)} by ${highest.text}")
        withClue("${highest.text} with ${highest.similarity}") { given shouldBeLessThanOrEqual GIVEN_MAX }
    }

    /** One that allows hits up to a bound, taught by labelled pairs of questions. */
    private fun taught(maxRisk: Double, rows: List<JsonNode>, likenesses: List<Likeness?>): HitLearner {
        val learner = HitLearner({ ERROR_MAX }, maxRisk)
        for ((row, likeness) in rows zip likenesses) {
            val ruling = learner.rule("", likeness, chance = 0.0)
            if (likeness == null) continue
            learner.looked("", likeness, ruling, row["same"].intValue() == 1)?.let { learner.learn(RiskModel.fit(it)) }
        }
        return learner
    }

    private fun likeness(asked: String, kept: String, similarity: Double): Likeness? {
        val (ours, theirs) = Wording.of(asked) to Wording.of(kept)
        return if (Veto.between(ours, theirs) == null) Likeness.of(ours, theirs, similarity, lead = 0.0) else null
    }

    @Test
    fun `where hits go by a bound, a highest risk of a single one ends what suffixes get after hard questions`() {
        val file = generateSequence(Path.of("").toAbsolutePath()) { it.parent }
            .map { it.resolve("shared/data/cache/qqp/train.jsonl.gz") }
            .firstOrNull(Files::exists)
        assumeTrue(file != null, "../shared/data/cache/qqp is not here")
        val rows = GZIPInputStream(Files.newInputStream(file)).bufferedReader().useLines { lines ->
            lines.take(PAIRS).map(json::readTree).toList()
        }
        val (first, second) = listOf("a", "b").map { key -> vectors(rows.map { it[key].textValue() }) }
        val likenesses = rows.indices.map { row ->
            val similarity = first[row].indices.sumOf { first[row][it].toDouble() * second[row][it] }
            likeness(rows[row]["b"].textValue(), rows[row]["a"].textValue(), similarity)
        }
        val attacks = found.filter { it.similarity >= NEAR }.mapNotNull { likeness(it.text, VICTIM, it.similarity) }
        val given = listOf(1.0, RISK_MAX).map { maxRisk ->
            val learner = taught(maxRisk, rows, likenesses)
            val rulings = attacks.map { learner.rule("", it, chance = 1.0) }
            println(
                "max_risk $maxRisk: ${rulings.count {
                    it is Ruling.Hit
                }} of ${rulings.size}, risks from ${rulings.minOf { it.risk ?: 1.0 }}",
            )
            rulings.count { it is Ruling.Hit }
        }
        attacks.size shouldBeLessThanOrEqual CANDIDATES_MAX
        given.first() shouldBeLessThanOrEqual GIVEN_BY_BOUND_MAX
        given.last() shouldBe 0
    }

    @Test
    fun `one word that differs at the end of a long text is a veto where the vector does not see it`() {
        val beginning = "the terms of this contract hold for all who sign it and ".repeat(LONG_TIMES)
        val kept = "$beginning keep my account"
        val asked = "$beginning delete my account"
        println("one word at the end of ${kept.length} characters: ${"%.4f".format(similarities(kept, listOf(asked)).single())}")
        Veto.between(Wording.of(asked), Wording.of(kept)) shouldBe Veto.DETAIL
    }

    @Test
    fun `a disguise is as near as its plain text, and what speaks against a hit is seen through it`() {
        val plain = "how do I not lose the fees of a contract that I cancel"
        val kept = plain.replace(" not", "")
        val disguised = listOf("n\u200bot", "n\u043et", "\uff4e\uff4f\uff54").map { plain.replace("not", it) }
        for ((text, similarity) in disguised zip similarities(plain, disguised)) {
            withClue("$text with $similarity") {
                (similarity > 0.999) shouldBe true
                Veto.between(Wording.of(text), Wording.of(kept)) shouldBe Veto.NEGATION
                Veto.between(Wording.of(text), Wording.of(plain)) shouldBe null
            }
        }
    }

    private companion object {
        const val SEED = 8
        const val CANDIDATES = 10_000
        const val ROUNDS = 20
        const val KEPT = 10
        const val BATCH = 100
        const val SUFFIX_WORDS = 12
        const val LONG_TIMES = 100
        const val PAIRS = 1_000
        const val ERROR_MAX = 0.01
        const val RISK_MAX = 0.1

        /** From which similarity on an entry is a candidate where hits go by a bound. */
        const val NEAR = 0.7
        val json = ObjectMapper()
        val EMBEDDING = HeadRef("default", "embedding")
        val more = "please and the of is it a to in for now then that same question answer about this way so".split(' ')

        /** What is asked, and what the attacker would have answered in its place: near enough to be worth a try. */
        const val VICTIM = "How do I reset the password of my account?"
        const val ATTACK = "How do I close an account for ever?"

        /** As measured. */
        const val GIVEN_MAX = 0

        /** No veto speaks against 859 of the suffixes, and none of these is given the victim's answer; some room for machines that round otherwise. */
        const val CANDIDATES_MAX = 930
        const val GIVEN_BY_BOUND_MAX = 5
    }
}
