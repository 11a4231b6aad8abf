package routercluster.policy.cache

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.cache.Likeness.Trait
import kotlin.math.exp
import kotlin.random.Random

/** Made-up requests whose chance of being right follows from their likeness and their category. */
class HitLearnerTest {
    private class Stream(seed: Int) {
        val random = Random(seed)

        fun likeness(): Likeness {
            val values = DoubleArray(Trait.entries.size)
            values[Trait.SIMILARITY.ordinal] = random.nextDouble(0.5, 1.0)
            values[Trait.CONTENT.ordinal] = random.nextDouble()
            values[Trait.RECORD.ordinal] = 0.5
            return Likeness(values)
        }

        fun isRight(likeness: Likeness, hardness: Double): Boolean {
            val odds = 30 * (likeness[Trait.SIMILARITY] - 0.85) + 4 * (likeness[Trait.CONTENT] - 0.5) - hardness
            return random.nextDouble() < 1 / (1 + exp(-odds))
        }
    }

    private class Share(var requests: Int = 0, var hits: Int = 0, var wrong: Int = 0) {
        val ofHits: Double get() = hits.toDouble() / requests
        val ofWrong: Double get() = wrong.toDouble() / requests
    }

    private val hardness = mapOf("easy" to -1.0, "usual" to 0.0, "hard" to 2.0)

    /** Half of the requests have nothing near them. */
    private fun run(
        learner: HitLearner,
        stream: Stream,
        requests: Int,
        harder: Double = 0.0,
        categories: Map<String, Double> = hardness,
    ): Map<String, Share> {
        val shares = categories.mapValues { Share() }
        repeat(requests) {
            val (category, own) = categories.entries.elementAt(stream.random.nextInt(categories.size))
            val likeness = if (stream.random.nextBoolean()) stream.likeness() else null
            val ruling = learner.rule(category, likeness, stream.random.nextDouble())
            val share = shares.getValue(category)
            share.requests++
            if (likeness != null) {
                val isRight = stream.isRight(likeness, own + harder)
                if (ruling is Ruling.Hit) {
                    share.hits++
                    if (!isRight) share.wrong++
                } else {
                    learner.looked(category, likeness, ruling, isRight)?.let { learner.learn(RiskModel.fit(it)) }
                }
            }
        }
        return shares
    }

    @Test
    fun `wrong hits stay under the bound in every category while hits come`() {
        val learner = HitLearner({ 0.01 })
        for ((_, share) in run(learner, Stream(1), 30_000)) {
            share.ofWrong shouldBeLessThan 0.01
            share.ofHits shouldBeGreaterThan 0.04
        }
        learner.riskAllowed("easy").shouldNotBeNull()
    }

    @Test
    fun `hard categories among easy ones keep their bound, too`() {
        val many = (0 until 10).associate { "category $it" to 0.5 * it - 2.5 }
        val shares = run(HitLearner({ 0.01 }), Stream(21), 20_000, categories = many)
        for ((category, share) in shares) withClue(category) { share.ofWrong shouldBeLessThan 0.01 }
        shares.getValue("category 0").ofHits shouldBeGreaterThan 1.5 * shares.getValue("category 9").ofHits
    }

    @Test
    fun `riskier hits are looked into more often, and safe ones as well`() {
        val learner = HitLearner({ 0.02 })
        val stream = Stream(22)
        run(learner, stream, 20_000)
        val allowed = learner.riskAllowed("easy").shouldNotBeNull()
        val rulings = List(20_000) { learner.rule("easy", stream.likeness(), stream.random.nextDouble()) }
        val (risky, safe) = rulings
            .filter { it is Ruling.Hit || (it is Ruling.Miss && it.isLook) }
            .partition { checkNotNull(it.risk) > allowed / 2 }
            .toList()
            .map { part -> part.count { it is Ruling.Miss }.toDouble() / part.size }
        safe shouldBeGreaterThan 0.01
        risky shouldBeGreaterThan 1.5 * safe
        rulings.filterIsInstance<Ruling.Miss>().mapNotNull { it.lookShare }.let { shares ->
            shares.min() shouldBeGreaterThan 0.0
            shares.max() shouldBeLessThan 0.21
        }
    }

    @Test
    fun `a category in which answers are wrong more often has a higher risk, one of which little is known the usual one`() {
        val stream = Stream(23)
        val judged = List(4_000) { at ->
            val category = if (at % 500 == 0) "rare" else listOf("easy", "hard")[at % 2]
            val likeness = stream.likeness()
            Judged(category, likeness, category != "rare" && stream.isRight(likeness, if (category == "hard") 2.0 else 0.0))
        }
        val model = RiskModel.fit(judged)
        val likeness = stream.likeness()
        val (easy, rare, unknown, hard) = listOf("easy", "rare", "unknown", "hard").map { model.risk(it, likeness) }
        easy shouldBeLessThan unknown
        unknown shouldBeLessThan hard
        rare shouldBeGreaterThan unknown
        model.parts("hard", likeness).getValue("category") shouldBeLessThan -0.5
        model.parts("unknown", likeness).getValue("category") shouldBe 0.0
    }

    @Test
    fun `a category may have a bound of its own`() {
        val learner = HitLearner({ if (it == "easy") 0.002 else 0.05 })
        val shares = run(learner, Stream(2), 30_000)
        shares.getValue("easy").ofWrong shouldBeLessThan 0.002
        shares.getValue("usual").ofWrong shouldBeLessThan 0.05
        shares.getValue("usual").ofHits shouldBeGreaterThan shares.getValue("easy").ofHits
    }

    @Test
    fun `where hits go wrong more often from some day on, looks find it and the bound holds over all`() {
        val learner = HitLearner({ 0.01 })
        val stream = Stream(3)
        val before = run(learner, stream, 25_000)
        val after = run(learner, stream, 25_000, harder = 2.0)
        for (category in hardness.keys) {
            val wrong = before.getValue(category).wrong + after.getValue(category).wrong
            val requests = before.getValue(category).requests + after.getValue(category).requests
            wrong.toDouble() / requests shouldBeLessThan 0.01
        }
    }

    @Test
    fun `no single hit has a higher risk than is allowed, however far the bound is`() {
        val learner = HitLearner({ 0.05 }, maxRisk = 0.05)
        val stream = Stream(2)
        run(learner, stream, 10_000)
        val rulings = List(10_000) { learner.rule("usual", stream.likeness(), 0.5) }
        rulings.filterIsInstance<Ruling.Hit>().maxOf { it.risk } shouldBeLessThan 0.05
        rulings.count { it is Ruling.Hit } shouldBeGreaterThan 0
    }

    @Test
    fun `nothing is a hit before anything was compared`() {
        val learner = HitLearner({ 0.5 })
        val stream = Stream(4)
        repeat(1_000) { (learner.rule("usual", stream.likeness(), 0.5) as Ruling.Miss).risk shouldBe null }
        learner.riskAllowed("usual") shouldBe null
        learner.parts("usual", stream.likeness()) shouldBe emptyMap()
    }

    @Test
    fun `what it says of wrong hits is about what there were`() {
        val learner = HitLearner({ 0.01 })
        val shares = run(learner, Stream(7), 60_000)
        for (standing in learner.standings()) {
            val wrong = standing.wrongShare.shouldNotBeNull()
            val share = shares.getValue(standing.category).ofWrong
            withClue("$standing, in truth $share") {
                (wrong.low < wrong.likely && wrong.likely < wrong.high) shouldBe true
                share shouldBeGreaterThan 0.7 * wrong.low
                share shouldBeLessThan 1.3 * wrong.high
                standing.riskAllowed shouldBe learner.riskAllowed(standing.category)
                (standing.rightLooks > 0 && standing.wrongLooks > 0) shouldBe true
            }
        }
        HitLearner({ 0.01 })
            .apply { rule("new", null, 0.5) }
            .standings()
            .single()
            .wrongShare shouldBe null
    }

    @Test
    fun `the same requests and draws give the same rulings`() {
        val shares = List(2) { run(HitLearner({ 0.01 }), Stream(5), 10_000).values.map { it.hits to it.wrong } }
        shares[0] shouldBe shares[1]
    }

    @Test
    fun `categories have a bound`() {
        val learner = HitLearner({ 0.01 })
        repeat(HitLearner.CATEGORIES_MAX) { learner.rule("category $it", null, 0.5) }
        shouldThrow<IllegalStateException> { learner.rule("one more", null, 0.5) }
    }

    @Test
    fun `a model of risk runs the known way along every trait and says what speaks for a hit`() {
        val stream = Stream(6)
        val judged = List(3_000) { stream.likeness().let { likeness -> Judged("", likeness, stream.isRight(likeness, 0.0)) } }
        val model = RiskModel.fit(judged)
        var last = 1.0
        for (step in 0..50) {
            val values = DoubleArray(Trait.entries.size)
            values[Trait.SIMILARITY.ordinal] = 0.5 + step / 100.0
            values[Trait.CONTENT.ordinal] = 0.5
            val risk = model.risk("", Likeness(values))
            (risk <= last) shouldBe true
            last = risk
        }
        last shouldBeLessThan 0.1
        model.parts("", judged.first().likeness).run {
            getValue("names") shouldBe 0.0
            keys shouldBe Trait.entries.map { it.name.lowercase() }.toSet() + "category"
        }
        shouldThrow<IllegalArgumentException> { RiskModel.fit(judged.take(RiskModel.JUDGED_MIN - 1)) }
    }

    @Test
    fun `what was learnt goes on after a restart as if there had been none`() {
        val before = HitLearner({ 0.05 })
        run(before, Stream(7), 20_000)
        val state = HitLearnerState.fromBytes(before.news().toBytes()).shouldNotBeNull()
        state.judged.map { it.category }.toSet() shouldBe hardness.keys
        val after = HitLearner({ 0.05 })
        after.learn(RiskModel.fit(after.goOn(state).shouldNotBeNull()))
        after.goOn(state) shouldBe null
        hardness.keys.map { after.riskAllowed(it) == null } shouldBe hardness.keys.map { before.riskAllowed(it) == null }
        val shares = run(after, Stream(8), 5_000)
        shares.getValue("easy").ofHits shouldBeGreaterThan 0.05
        shares.values.forEach { it.ofWrong shouldBeLessThan 0.06 }
    }

    /** Requests of which every third is looked into and every fifth of these is wrong. */
    private fun HitLearner.see(stream: Stream, requests: IntRange) =
        requests.forEach {
            rule("law", null, 0.5)
            if (it % 3 == 0) looked("law", stream.likeness(), Ruling.Miss(0.3, if (it % 2 == 0) 0.1 else null, ""), isRight = it % 5 != 0)
        }

    @Test
    fun `learners that tell each other in turn know what one would know that has seen all`() {
        val (one, all) = List(2) { HitLearner({ 0.05 }) }
        val parts = List(3) { HitLearner({ 0.05 }) }
        var known = HitLearnerState.EMPTY
        val (whole, split) = List(2) { Stream(11) }
        for (round in 0 until 60) {
            val requests = round * 50 until (round + 1) * 50
            one.see(whole, requests)
            parts[round % parts.size].run {
                goOn(known)
                see(split, requests)
                known += news()
                goOn(known)
            }
        }
        all.goOn(known)
        val told = all.standings().single()
        val seen = one.standings().single()
        told.requests shouldBe (seen.requests plusOrMinus 1e-6)
        listOf(told.rightLooks, told.wrongLooks) shouldBe listOf(seen.rightLooks, seen.wrongLooks)
        val expected = one.news()
        known.judgedEver shouldBe expected.judgedEver
        known.judged.map { Triple(it.category, it.likeness.values.toList(), it.isRight) } shouldBe
            expected.judged.map { Triple(it.category, it.likeness.values.toList(), it.isRight) }
        val (mine, theirs) = listOf(known, expected).map { it.categories.getValue("law").sums }
        for (bin in 0 until ErrorBound.BINS) {
            mine.looked[bin] shouldBe (theirs.looked[bin] plusOrMinus 1e-6)
            mine.wrong[bin] shouldBe (theirs.wrong[bin] plusOrMinus 1e-6)
        }
    }

    @Test
    fun `what goes wrong at one learner fades what all have learnt before`() {
        val learner = HitLearner({ 0.05 })
        learner.see(Stream(12), 0 until 3_000)
        val before = learner.news()
        repeat(10) { learner.looked("law", Stream(13).likeness(), Ruling.Miss(0.01, lookShare = 0.1, ""), isRight = false) }
        val after = before + learner.news()
        after.judged.size shouldBe 800
        after.categories
            .getValue("law")
            .sums.requests shouldBeLessThan 0.2 * before.categories
            .getValue("law")
            .sums.requests
    }

    @Test
    fun `what was told once is in no later news`() {
        val learner = HitLearner({ 0.05 })
        learner.see(Stream(14), 0 until 300)
        val first = learner.news()
        val nothing = learner.news()
        nothing.judged.size shouldBe 0
        (first + nothing).judged.size shouldBe 100
        learner.goOn(first + nothing)
        learner.standings().single().rightLooks shouldBe first.categories
            .getValue("law")
            .looks.right
    }

    @Test
    fun `what is damaged was never learnt`() {
        val learner = HitLearner({ 0.05 })
        run(learner, Stream(9), 2_000)
        val bytes = learner.news().toBytes()
        HitLearnerState.fromBytes(bytes).shouldNotBeNull()
        HitLearnerState.fromBytes(ByteArray(0)) shouldBe null
        HitLearnerState.fromBytes(bytes.copyOf(bytes.size - 1)) shouldBe null
        HitLearnerState.fromBytes(bytes + 0) shouldBe null
        for (place in listOf(3, 7, 11, 12, 16)) {
            HitLearnerState.fromBytes(bytes.copyOf().also { it[place] = 0x7f }) shouldBe null
        }
    }
}
