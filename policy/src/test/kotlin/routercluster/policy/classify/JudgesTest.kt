package routercluster.policy.classify

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.catalog.DomainSettings
import routercluster.policy.catalog.JailbreakSettings
import routercluster.policy.catalog.Modules
import routercluster.policy.catalog.Slot
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Span
import routercluster.policy.request.seededCases
import routercluster.policy.signals.Cost
import routercluster.policy.signals.DomainSignal
import routercluster.policy.signals.FactCheckSignal
import routercluster.policy.signals.Feedback
import routercluster.policy.signals.JailbreakSignal
import routercluster.policy.signals.LabelHead
import routercluster.policy.signals.OnError
import routercluster.policy.signals.PiiSignal
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef
import routercluster.policy.signals.Terms
import routercluster.policy.signals.ThreatClassifier
import routercluster.policy.signals.ToyEncoder
import routercluster.policy.signals.UserFeedbackSignal
import routercluster.policy.signals.said
import routercluster.policy.signals.whole
import java.time.Duration
import kotlin.random.Random

/** A judge finds what the signal of its family finds, whatever the head says. */
class JudgesTest {
    private val catalog = ToyEncoder.catalog
    private val judges = Judges(catalog)
    private val facts = said(TEXT)

    private fun terms(type: String) = Terms(SignalRef(type, "rule"), Cost.ENCODE, Duration.ofSeconds(1), OnError.BLOCK)

    private fun head(slot: Slot) = LabelHead(catalog.slots.getValue(slot))

    private fun answered(slot: Slot, answer: HeadResult) = listOf(PassageResult(mapOf(head(slot).ref to answer), whole(TEXT)))

    private fun labels(slot: Slot, random: Random): HeadResult {
        // Squared more or less often, so that sure and unsure answers come.
        val power = random.nextInt(1, 6)
        val drawn = List(head(slot).labels.size) { Math.pow(random.nextDouble(), power.toDouble()) }
        return HeadResult.Labels(drawn.map { (it / drawn.sum()).toFloat() }.toFloatArray(), random.nextInt(5) == 0)
    }

    private fun <T : Finding> found(judge: Judge<T>, results: List<PassageResult>): T = judge.find(TEXT, results)

    @Test
    fun `a topic is the category whose rule matches, unless the head abstains`() =
        seededCases(500) { random ->
            val results = answered(Slot.DOMAIN, labels(Slot.DOMAIN, random))
            val settings = DomainSettings()
            val topic = found(judges.topic(), results)
            for (category in head(Slot.DOMAIN).labels) {
                val signal = DomainSignal(terms("domain"), head(Slot.DOMAIN), setOf(category), settings)
                val reading = signal.read(facts, results) as Reading.Seen
                withClue(category) { reading.matched shouldBe (category == topic.label && !topic.abstained) }
                if (reading.matched) reading.confidence shouldBe topic.confidence
                reading.part("normalised_entropy").value shouldBe topic.entropy
            }
        }

    @Test
    fun `facts need a check where the rule for it matches`() =
        seededCases(500) { random ->
            val results = answered(Slot.FACT_CHECK, labels(Slot.FACT_CHECK, random))
            val finding = found(judges.factCheck(), results)
            for (needs in listOf(true, false)) {
                val signal =
                    FactCheckSignal(
                        terms("fact_check"),
                        head(Slot.FACT_CHECK),
                        "FACT_CHECK_NEEDED",
                        needs,
                        catalog.modules.factCheck.threshold,
                    )
                val reading = signal.read(facts, results) as Reading.Seen
                reading.matched shouldBe (finding.needed == needs && !finding.abstained)
                if (reading.matched) reading.confidence shouldBe finding.confidence
            }
        }

    @Test
    fun `feedback is that whose rule matches`() =
        seededCases(500) { random ->
            val results = answered(Slot.USER_FEEDBACK, labels(Slot.USER_FEEDBACK, random))
            val finding = found(judges.feedback(), results)
            val known = Feedback.entries.zip(listOf("SAT", "NEED_CLARIFICATION", "WRONG_ANSWER", "WANT_DIFFERENT")).toMap()
            for (own in Feedback.entries) {
                val threshold = catalog.modules.userFeedback.threshold
                val signal = UserFeedbackSignal(terms("user_feedback"), head(Slot.USER_FEEDBACK), known, own, threshold)
                val reading = signal.read(facts, results) as Reading.Seen
                reading.matched shouldBe (finding.label == own.name.lowercase() && !finding.abstained)
                if (reading.matched) (reading.confidence to known[own]) shouldBe (finding.confidence to finding.headLabel)
            }
        }

    @Test
    fun `a threat is what the guard matches, also where the head abstains`() =
        seededCases(500) { random ->
            val results = answered(Slot.JAILBREAK, labels(Slot.JAILBREAK, random))
            val finding = found(judges.threat(), results)
            val classifier = ThreatClassifier(head(Slot.JAILBREAK), setOf("jailbreak"), catalog.modules.jailbreak.threshold)
            val reading = JailbreakSignal(terms("jailbreak"), false, mapOf("classifier" to classifier)).read(facts, results) as Reading.Seen
            (reading.matched to reading.value) shouldBe (finding.isThreat to finding.risk)
            reading.found shouldBe finding.threats
        }

    @Test
    fun `personal data is what the guard counts`() =
        seededCases(500) { random ->
            val spans =
                TEXT.indices.filter { random.nextInt(4) == 0 }.map {
                    Span(listOf("PERSON", "US_SSN").random(random), it, minOf(TEXT.length, it + 3), random.nextFloat())
                }
            val results = answered(Slot.PII, HeadResult.Spans(spans))
            val threshold = random.nextDouble()
            val finding = found(judges.pii(setOf("PERSON"), threshold), results)
            val signal = PiiSignal(terms("pii"), catalog.slots.getValue(Slot.PII), setOf("PERSON"), threshold, history = false)
            val reading = signal.read(facts, results) as Reading.Seen
            (reading.matched to reading.value) shouldBe (finding.entities.isNotEmpty() to finding.entities.size.toDouble())
            finding.entities.all { it.type == "PERSON" } shouldBe true
        }

    @Test
    fun `thresholds are the policy's unless the call has its own`() {
        val strict = Judges(ToyEncoder.catalog(Modules(domain = DomainSettings(threshold = 0.9, fallback = "law"))))
        val results = answered(Slot.DOMAIN, ToyEncoder.answer("math .7", passage(), head(Slot.DOMAIN).ref, head(Slot.DOMAIN).labels))
        found(judges.topic(), results).label shouldBe "math"
        found(strict.topic(), results).label shouldBe "law"
        found(strict.topic(0.6), results).label shouldBe "math"
    }

    @Test
    fun `questions share what they read`() {
        val questions = Questions(catalog)
        val topic = questions.ask(judges.topic(), TEXT)
        val pii = questions.ask(judges.pii(), TEXT)
        val other = questions.ask(judges.topic(), "another text")
        questions.passages.map { it.text to it.heads.map { head -> head.head } } shouldBe
            listOf(TEXT to listOf("domain", "pii"), "another text" to listOf("domain"))
        val results =
            questions.passages.map { passage ->
                val heads = passage.heads.associateWith { ref ->
                    val said = if (ref.head == "pii") {
                        "PERSON@0-3 .95"
                    } else if (passage.text == TEXT) {
                        "math .8"
                    } else {
                        "law .8"
                    }
                    ToyEncoder.answer(said, passage, ref, ToyEncoder.heads.getValue(ref.head).labels)
                }
                PassageResult(heads, whole(passage.text))
            }
        listOf(topic.answer(results).label, other.answer(results).label) shouldBe listOf("math", "law")
        pii
            .answer(results)
            .entities
            .single()
            .type shouldBe "PERSON"
    }

    @Test
    fun `a head that failed, and a guard that has not read everything, is a failure`() {
        val questions = Questions(catalog)
        val asked = listOf(questions.ask(judges.topic(), TEXT), questions.ask(judges.threat(), TEXT), questions.ask(judges.pii(), TEXT))
        val failed = PassageResult(
            questions.passages
                .single()
                .heads
                .associateWith { HeadResult.Failed("it is gone") },
            whole(TEXT),
        )
        asked.forEach { shouldThrow<EncodeFailure.Unavailable> { it.answer(listOf(failed)) }.message shouldContain "it is gone" }
        val benign = mapOf(
            head(Slot.JAILBREAK).ref to HeadResult.Labels(floatArrayOf(0.9f, 0.1f)),
            head(Slot.PII).ref to HeadResult.Spans(emptyList()),
        )
        val partly = PassageResult(benign, Coverage(1, 1, 5, TEXT.length))
        for (judge in listOf(judges.threat(), judges.pii())) {
            shouldThrow<EncodeFailure.Unavailable> { judge.find(TEXT, listOf(partly)) }.message shouldBe "only 5 of 17 characters were read"
        }
    }

    @Test
    fun `a head that the policy lacks is named with the reason`() {
        val none = Judges(ToyEncoder.catalog(without = Slot.entries.toSet()))
        val rows =
            mapOf<Slot, () -> Unit>(
                Slot.DOMAIN to { none.topic() },
                Slot.JAILBREAK to { none.threat() },
                Slot.PII to { none.pii() },
                Slot.FACT_CHECK to { none.factCheck() },
                Slot.USER_FEEDBACK to { none.feedback() },
                Slot.NLI to { none.entailment("x") },
            )
        for ((slot, judge) in rows) {
            val missing = shouldThrow<MissingHead> { judge() }
            (missing.slot to missing.message) shouldBe (slot to "This needs an encoder head for ${slot.key}, and this test has none")
        }
        val unnamed = ToyEncoder.catalog(Modules(jailbreak = JailbreakSettings(positiveLabels = setOf("benign"))))
        found(Judges(unnamed).threat(), answered(Slot.JAILBREAK, HeadResult.Labels(floatArrayOf(0.9f, 0.1f)))).isThreat shouldBe true
    }

    private fun passage() =
        routercluster.policy.encode.Passage(TEXT, setOf(head(Slot.DOMAIN).ref))

    private companion object {
        const val TEXT = "Anna lives in Ulm"
    }
}
