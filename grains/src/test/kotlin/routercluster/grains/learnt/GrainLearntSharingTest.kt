package routercluster.grains.learnt

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.javadsl.AskPattern
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.grains.directory.GrainDirectory
import routercluster.grains.state.Fate
import routercluster.grains.state.MemoryStateStore
import routercluster.grains.state.ScriptedStateStore
import routercluster.policy.cache.HitLearner
import routercluster.policy.cache.HitLearnerState
import routercluster.policy.cache.Likeness
import routercluster.policy.cache.Ruling
import java.io.IOException
import java.time.Duration
import java.time.InstantSource
import java.util.concurrent.CompletionStage
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit

class GrainLearntSharingTest {
    private val kit = ActorTestKit.create()
    private val store = ScriptedStateStore(MemoryStateStore(InstantSource.system()))
    private val directory = OneGrain()
    private val likeness = Likeness(DoubleArray(Likeness.Trait.entries.size) { 0.5 })

    @AfterEach
    fun close() = kit.shutdownTestKit()

    private fun node(name: String) = GrainLearntSharing(directory, name, TIMEOUT)

    /** What is learnt from so many answers that were compared. */
    private fun news(looks: Int): HitLearnerState {
        val learner = HitLearner({ 0.05 })
        repeat(looks) {
            learner.rule("law", null, 0.5)
            learner.looked("law", likeness, Ruling.Miss(0.2, null, ""), isRight = it % 2 == 0)
        }
        return learner.news()
    }

    private fun GrainLearntSharing.tell(number: Long, news: HitLearnerState): HitLearnerState = get(share(ID, number, news))

    private fun HitLearnerState.looks(): Int = categories["law"]?.looks?.run { right + wrong } ?: 0

    @Test
    fun `what several nodes tell is added up, each of it once`() {
        val (one, other) = node("one") to node("other")
        one.tell(1, news(10)).looks() shouldBe 10
        other.tell(1, news(5)).looks() shouldBe 15
        one.tell(1, news(10)).looks() shouldBe 15
        one.tell(2, news(1)).looks() shouldBe 16
        other.tell(2, HitLearnerState.EMPTY).judged.size shouldBe 16
    }

    @Test
    fun `what was acknowledged is there when the grain starts anew, and told to whoever joins`() {
        node("one").tell(1, news(10))
        directory.restart()
        node("new").tell(1, HitLearnerState.EMPTY).looks() shouldBe 10
        node("one").tell(1, news(10)).looks() shouldBe 10
    }

    @Test
    fun `what nobody knows to be kept is said again and counts once`() {
        val one = node("one")
        one.tell(1, news(1))
        for (fate in listOf(Fate.LOST, Fate.ANSWER_LOST)) {
            store.fate = { save -> if (save) fate else Fate.DONE }
            shouldThrow<ExecutionException> { one.tell(2, news(3)) }.cause.shouldBeInstanceOf<IOException>()
        }
        store.fate = { Fate.DONE }
        one.tell(2, news(3)).looks() shouldBe 4
    }

    @Test
    fun `news that cannot be read change nothing`() {
        val probe = kit.createTestProbe<LearntReply>()
        directory.tell(ID, LearntCommand.Share("one", 1, byteArrayOf(1), probe.ref))
        probe.expectMessageClass(LearntReply.Unavailable::class.java)
        node("one").tell(1, news(2)).looks() shouldBe 2
    }

    private fun <T> get(stage: CompletionStage<T>): T = stage.toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)

    private inner class OneGrain : GrainDirectory<LearntCommand> {
        @Volatile
        private var grain = kit.spawn(learntGrain(ID, store))

        fun restart() {
            kit.stop(grain)
            grain = kit.spawn(learntGrain(ID, store))
        }

        override fun tell(id: String, message: LearntCommand) = grain.tell(message)

        override fun <R : Any> ask(id: String, timeout: Duration, make: (replyTo: ActorRef<R>) -> LearntCommand): CompletionStage<R> =
            AskPattern.ask(grain, { make(it) }, timeout, kit.system().scheduler())
    }

    private companion object {
        const val ID = "faq"
        const val WAIT_SECONDS = 20L
        val TIMEOUT: Duration = Duration.ofSeconds(10)
    }
}
