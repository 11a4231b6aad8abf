package routercluster.policy.decisions

import io.kotest.matchers.shouldBe
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts
import routercluster.policy.signals.Cost
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef
import java.time.Duration

val topicHead = HeadRef("scripted", "topic")
val threatHead = HeadRef("scripted", "threat")

/**
 * A learned signal that wants [asks] read and says [reading], whatever is in them, unless a head failed; it checks that it was dealt its
 * own results.
 */
class ScriptedLearnedSignal(
    name: String,
    val reading: Reading,
    override val cost: Cost = Cost.ENCODE,
    override val timeout: Duration = Duration.ofSeconds(1),
    val asks: List<Passage> = listOf(Passage("a secret prompt", setOf(topicHead))),
    type: String = "domain",
) : LearnedSignal {
    override val ref = SignalRef(type, name)

    override fun passages(facts: Facts): List<Passage> = asks

    override fun read(facts: Facts, results: List<PassageResult>): Reading {
        results.size shouldBe asks.size
        for ((passage, result) in asks.zip(results)) {
            for (head in passage.heads) {
                val answer = result.heads.getValue(head)
                if (answer is HeadResult.Failed) return Reading.Failed("$head: ${answer.reason}")
                (answer as HeadResult.Score).value shouldBe scoreOf(passage, head)
            }
        }
        return reading
    }
}

/** Every head's result is a number that names the passage and the head, except of those in [broken], which fail. */
fun replyTo(request: EncodeRequest, broken: Set<HeadRef> = emptySet()): EncodeReply =
    EncodeReply(
        request.passages.map { passage ->
            val heads = passage.heads.associateWith {
                if (it in
                    broken
                ) {
                    HeadResult.Failed("out of order")
                } else {
                    HeadResult.Score(scoreOf(passage, it))
                }
            }
            PassageResult(heads, Coverage(1, 4, passage.text.length, passage.text.length))
        },
        request.passages.size,
        Duration.ofMillis(1),
        Duration.ofMillis(2),
    )

private fun scoreOf(passage: Passage, head: HeadRef): Float = "${passage.text}|${passage.pair}|$head".hashCode().toFloat()
