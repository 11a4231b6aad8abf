package routercluster.policy.signals

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.DomainSettings
import routercluster.policy.catalog.EmbeddingSettings
import routercluster.policy.catalog.JailbreakSettings
import routercluster.policy.catalog.ModalitySettings
import routercluster.policy.catalog.Modules
import routercluster.policy.catalog.PreferenceSettings
import routercluster.policy.catalog.PrototypeScoring
import routercluster.policy.encode.LabelQuestion
import routercluster.policy.encode.VectorShape
import java.time.Duration

/** What the catalog's settings change, and what a rule says of its own. */
class LearnedSettingsTest {
    private fun signals(type: String, rules: String, catalog: Catalog): Map<String, LearnedSignal> =
        prove(type, rules, catalog).getOrThrow().map { (it as LearnedSignal).ready() }.associateBy { it.ref.name }

    private fun matching(signals: Map<String, LearnedSignal>, text: String, said: String = ""): List<String> =
        signals.filterValues { (it.readAs(said(text), said) as Reading.Seen).matched }.keys.toList()

    @Test
    fun `top_k and soft matching bound what matches side by side`() {
        val rules =
            """
            - {name: reset, threshold: 0.5, candidates: [password reset]}
            - {name: bill, threshold: 0.5, candidates: [pay bill]}
            - {name: lamp, threshold: 0.95, candidates: [new lamp]}
            """.trimIndent()
        val both = "password reset pay bill"
        val near = "new lamp please"
        val rows =
            listOf(
                Triple(EmbeddingSettings(), both, listOf("reset", "bill")),
                Triple(EmbeddingSettings(topK = 1), both, listOf("reset")),
                Triple(EmbeddingSettings(topK = 2), both, listOf("reset", "bill")),
                Triple(EmbeddingSettings(), near, listOf("lamp")),
                Triple(EmbeddingSettings(minScore = 0.9), near, emptyList()),
                Triple(EmbeddingSettings(softMatching = false), near, emptyList()),
                Triple(EmbeddingSettings(softMatching = false, topK = 1), both, listOf("reset")),
                Triple(EmbeddingSettings(), "password reset new lamp", listOf("reset")),
            )
        for ((settings, text, expected) in rows) {
            withClue("$settings: $text") {
                matching(signals("embedding", rules, ToyEncoder.catalog(embedding = settings)), text) shouldContainExactly expected
            }
        }
    }

    @Test
    fun `vectors are asked for in the shape that the policy sets, exemplars and requests alike`() {
        val shape = VectorShape(layer = 6, dimensions = 256)
        val catalog = ToyEncoder.catalog(embedding = EmbeddingSettings(shape))
        val signal = prove("embedding", "- {name: a, threshold: 0.5, candidates: [x]}", catalog).getOrThrow().single() as LearnedSignal
        signal.exemplars?.shape shouldBe shape
        signal.passages(said("x")).single().vector shouldBe shape
    }

    @Test
    fun `a low domain threshold lets in the second of an open case, not the also-ran of a plain one`() {
        val catalog = ToyEncoder.catalog(Modules(domain = DomainSettings(threshold = 0.2, fallback = "law")))
        val signals = signals("domain", listOf("math", "physics", "law").joinToString("\n") { "- {name: $it}" }, catalog)
        matching(signals, "x", "math .75 physics .2") shouldContainExactly listOf("math")
        matching(signals, "x", "math .45 physics .44") shouldContainExactly listOf("math", "physics")
        matching(signals, "x", "math .1") shouldContainExactly listOf("law")
    }

    @Test
    fun `the best preference must lead by the margin`() {
        val rules = "- {name: short, examples: [keep it short]}\n- {name: long, examples: [write it long]}"
        val text = "keep it short write"

        fun catalog(margin: Double) =
            ToyEncoder.catalog(Modules(preference = PreferenceSettings(prototypes = PrototypeScoring(marginThreshold = margin))))
        matching(signals("preference", rules, catalog(0.1)), text) shouldContainExactly listOf("short")
        matching(signals("preference", rules, catalog(0.5)), text) shouldContainExactly emptyList()
    }

    @Test
    fun `an external model is asked which preference a message shows`() {
        val rules = "- {name: short, description: Wants few words}\n- {name: long, examples: [all of it, at length], threshold: 0.6}"
        val signals = signals("preference", rules, ToyEncoder.catalog(Modules(preference = PreferenceSettings(contrastive = false))))
        val question = signals.getValue("long").question.shouldBeInstanceOf<LabelQuestion>()
        "${question.ref}" shouldBe "taste/preference"
        question.choices.map { it.label to it.description } shouldContainExactly
            listOf("short" to "Wants few words", "long" to "all of it; at length", "none of these" to null)
        matching(signals, "x", "short .5 long .4") shouldContainExactly listOf("short")
        matching(signals, "x", "long .59 short .4") shouldContainExactly emptyList()
        matching(signals, "x", "long .6 short .4") shouldContainExactly listOf("long")
        matching(signals, "x", "none_of_these .8") shouldContainExactly emptyList()
        signals.getValue("long").cost shouldBe Cost.ASK
    }

    @Test
    fun `modality by classifier alone, and by words alone`() {
        val rules = listOf("AR", "DIFFUSION", "BOTH").joinToString("\n") { "- {name: $it}" }

        fun modules(method: ModalitySettings.Method) = Modules(modality = ModalitySettings(method = method, keywords = listOf("image")))
        val classifier = signals("modality", rules, ToyEncoder.catalog(modules(ModalitySettings.Method.CLASSIFIER)))
        matching(classifier, "an image", "DIFFUSION .7") shouldContainExactly listOf("DIFFUSION")
        matching(classifier, "an image", "DIFFUSION .6") shouldContainExactly emptyList()
        val words = prove("modality", rules, ToyEncoder.catalog(modules(ModalitySettings.Method.KEYWORD))).getOrThrow()
        words.map { it is LearnedSignal } shouldContainExactly listOf(false, false, false)
        words.map { (it.read(said("an image of it")) as Reading.Seen).matched } shouldContainExactly listOf(false, true, false)
        words.map { (it.read(said("a text of it")) as Reading.Seen).matched } shouldContainExactly listOf(true, false, false)
        words.map { (it.read(said("")) as Reading.Seen).matched } shouldContainExactly listOf(false, false, false)
    }

    @Test
    fun `the labels that mean a threat come from the policy, else from the head`() {
        val catalog = ToyEncoder.catalog(Modules(jailbreak = JailbreakSettings(threshold = 0.4, positiveLabels = setOf("benign"))))
        matching(signals("jailbreak", "- {name: a}", catalog), "x", "benign .4") shouldContainExactly listOf("a")
    }

    @Test
    fun `a rule's own timeout and error policy come first, then the family's`() {
        val allow = ToyEncoder.catalog(Modules(jailbreak = JailbreakSettings(onError = OnError.NO_MATCH)))
        val rows =
            mapOf(
                Triple("domain", "- {name: math}", ToyEncoder.catalog) to (Duration.ofSeconds(2) to OnError.NO_MATCH),
                Triple("domain", "- {name: math, timeout: 300ms, on_error: match}", ToyEncoder.catalog) to
                    (Duration.ofMillis(300) to OnError.MATCH),
                Triple("jailbreak", "- {name: a}", ToyEncoder.catalog) to (Duration.ofSeconds(2) to OnError.BLOCK),
                Triple("jailbreak", "- {name: a}", allow) to (Duration.ofSeconds(2) to OnError.NO_MATCH),
                Triple("jailbreak", "- {name: a, on_error: block}", allow) to (Duration.ofSeconds(2) to OnError.BLOCK),
                Triple("pii", "- {name: a, on_error: no_match}", allow) to (Duration.ofSeconds(2) to OnError.NO_MATCH),
                Triple("classifier", "- {name: a, type: llm, model: judge, labels: [x, y]}", allow) to
                    (Duration.ofSeconds(5) to OnError.NO_MATCH),
            )
        for ((row, expected) in rows) {
            val (type, rule, catalog) = row
            val signal = signals(type, rule, catalog).values.single()
            withClue(row) { (signal.timeout to signal.onError) shouldBe expected }
        }
    }

    @Test
    fun `a classifier's question carries the rule's words`() {
        val rule = "- {name: risk, type: llm, model: judge, labels: [SAFE, RISKY], instructions: Choose.}"
        val question = signals("classifier", rule, ToyEncoder.catalog).getValue("risk").question.shouldBeInstanceOf<LabelQuestion>()
        "${question.ref}" shouldBe "judge/risk"
        question.instructions shouldBe "Choose."
        question.head.labels shouldContainExactly listOf("SAFE", "RISKY")
        question.head.remote shouldBe true
    }

    @Test
    fun `a signal whose exemplars are not embedded yet fails`() {
        for (type in listOf("embedding", "preference", "complexity", "kb")) {
            val signal = SignalTableFile
                .read(type, ready = false)
                .signals.values
                .first() as LearnedSignal
            withClue(type) { signal.readAs(said("x"), "") shouldBe NOT_PREPARED }
        }
    }
}
