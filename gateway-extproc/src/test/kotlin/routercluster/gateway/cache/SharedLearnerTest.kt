package routercluster.gateway.cache

import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.cache.HitLearner
import routercluster.policy.cache.HitLearnerState
import routercluster.policy.cache.LearntSharing
import routercluster.policy.cache.Likeness
import routercluster.policy.cache.RiskModel
import routercluster.policy.cache.Ruling
import java.io.IOException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit

class SharedLearnerTest {
    private val likeness = Likeness(DoubleArray(Likeness.Trait.entries.size) { 0.5 })

    /** Adds up what it is told; [isDeaf] loses news, [isMute] their answers. */
    private class Known : LearntSharing {
        val states = ConcurrentHashMap<String, HitLearnerState>()
        val numbers = ArrayList<Long>()

        @Volatile var isDeaf = false

        @Volatile var isMute = false

        @Volatile var isSilent = false

        override fun share(name: String, number: Long, news: HitLearnerState): CompletionStage<HitLearnerState> {
            if (isSilent) return CompletableFuture()
            if (isDeaf) return CompletableFuture.failedFuture(IOException("deaf"))
            val isNew = synchronized(numbers) { number !in numbers }
            synchronized(numbers) { numbers += number }
            val all = states.merge(name, news) { known, more -> if (isNew) known + more else known }
            return if (isMute) CompletableFuture.failedFuture(IOException("mute")) else CompletableFuture.completedFuture(all)
        }
    }

    private val known = Known()

    private fun opened(name: String = "one"): SharedLearner = SharedLearner(HitLearner({ 0.01 }), name, known).also { it.await() }

    private fun SharedLearner.await() = settled().get(WAIT_SECONDS, TimeUnit.SECONDS)

    private fun SharedLearner.look(times: Int) = repeat(times) {
        looked(synchronized(learner) { learner.looked("law", likeness, Ruling.Miss(null, null, ""), isRight = it % 2 == 0) })
    }

    private fun SharedLearner.looks(): Int =
        synchronized(learner) { learner.standings() }.sumOf { it.rightLooks + it.wrongLooks }

    private fun SharedLearner.risk(): Double? = synchronized(learner) { learner.rule("law", likeness, chance = 0.5).risk }

    @Test
    fun `what was compared is there for the next process, and for no other decision`() {
        opened().run {
            look(10)
            await()
        }
        opened().looks() shouldBe 10
        opened("other").looks() shouldBe 0
    }

    @Test
    fun `it is told without being asked for after every fifty comparisons or thousand requests`() {
        opened().run {
            look(49)
            known.states
                .getValue("one")
                .judged.size shouldBe 0
            look(1)
            await()
            known.states
                .getValue("one")
                .judged.size shouldBe 50
            synchronized(learner) { learner.looked("law", likeness, Ruling.Miss(null, null, ""), isRight = true) }
            repeat(1_000) { ruled() }
            await()
            known.states
                .getValue("one")
                .judged.size shouldBe 51
        }
    }

    @Test
    fun `a model is fitted beside the requests, once there are enough comparisons, and by who takes them over`() {
        val learner = opened()
        learner.look(RiskModel.JUDGED_MIN - 1)
        learner.await()
        learner.risk() shouldBe null
        learner.look(1)
        learner.await()
        learner.risk().shouldNotBeNull()
        opened().risk().shouldNotBeNull()
    }

    @Test
    fun `news whose answer was lost are said again, count once, and nothing that came since is lost`() {
        val learner = opened()
        known.isMute = true
        learner.look(10)
        learner.await()
        learner.look(5)
        known.isMute = false
        learner.await()
        learner.look(1)
        learner.await()
        learner.looks() shouldBe 16
        known.states.getValue("one").judgedEver shouldBe 16
        known.isDeaf = true
        learner.look(4)
        learner.await()
        known.isDeaf = false
        learner.look(1)
        learner.await()
        learner.look(1)
        learner.await()
        opened().looks() shouldBe 22
    }

    @Test
    fun `who hears nothing rules and learns all the same`() {
        known.isSilent = true
        val learner = SharedLearner(HitLearner({ 0.01 }), "one", known)
        learner.look(60)
        repeat(2_000) { learner.ruled() }
        learner.looks() shouldBe 60
        SharedLearner(HitLearner({ 0.01 }), "one", null).run {
            look(60)
            await()
            looks() shouldBe 60
        }
    }

    private companion object {
        const val WAIT_SECONDS = 20L
    }
}
