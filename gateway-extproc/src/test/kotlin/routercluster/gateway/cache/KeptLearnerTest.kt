package routercluster.gateway.cache

import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.policy.cache.HitLearner
import routercluster.policy.cache.Likeness
import routercluster.policy.cache.Ruling
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.FileTime
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.time.ZoneOffset
import java.util.concurrent.TimeUnit

class KeptLearnerTest {
    @TempDir
    lateinit var folder: Path

    private val clock: Clock = Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC)
    private val likeness = Likeness(DoubleArray(Likeness.Trait.entries.size) { 0.5 })

    private fun opened(name: String = "one"): KeptLearner =
        KeptLearner(HitLearner({ 0.01 }), name, LearntFolder(folder, clock)).also { it.settled() }

    /** Also whatever is read at the beginning. */
    private fun KeptLearner.settled() = keep().get(WAIT_SECONDS, TimeUnit.SECONDS)

    private fun KeptLearner.look(times: Int) = repeat(times) {
        synchronized(learner) { learner.looked("law", likeness, Ruling.Miss(null, false, ""), isRight = it % 2 == 0) }
        looked()
    }

    private fun KeptLearner.judged(): Int = synchronized(learner) { learner.state().judged.size }

    @Test
    fun `what was compared is there for the next process, and for no other decision`() {
        opened().run {
            look(10)
            settled()
        }
        val next = opened()
        next.judged() shouldBe 10
        next.learner
            .state()
            .categories
            .getValue("law")
            .rightLooks shouldBe 5
        opened("other").judged() shouldBe 0
    }

    @Test
    fun `it is written without being asked for after every fifty comparisons`() {
        val learner = opened()
        learner.look(50)
        learner.settled()
        Files.list(folder).use { it.count() } shouldBe 1
    }

    @Test
    fun `a file that is damaged is learnt anew, and one that nobody uses goes`() {
        Files.write(folder.resolve("one.learnt"), byteArrayOf(1, 2, 3))
        opened().judged() shouldBe 0
        Files.setLastModifiedTime(folder.resolve("one.learnt"), FileTime.from(clock.instant().minus(Duration.ofDays(91))))
        opened()
        Files.list(folder).use { it.toList() }.shouldBeEmpty()
    }

    @Test
    fun `a folder that cannot be made keeps nothing, and nothing fails`() {
        val file = Files.createFile(folder.resolve("file"))
        val learner = KeptLearner(HitLearner({ 0.01 }), "one", LearntFolder(file, clock))
        learner.look(60)
        learner.settled()
        learner.judged() shouldBe 60
    }

    private companion object {
        const val WAIT_SECONDS = 20L
    }
}
