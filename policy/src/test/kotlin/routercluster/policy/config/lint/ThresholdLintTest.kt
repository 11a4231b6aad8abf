package routercluster.policy.config.lint

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.catalog.FakeFiles
import routercluster.policy.catalog.classifierFolder
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task

/** Thresholds against what the files of an encoder say of its heads. */
class ThresholdLintTest {
    /** @property signal one signal that a decision reads; [condition] is how */
    private class Case(val signal: String, val condition: String, val modules: String = "", vararg val findings: String)

    private val heads =
        mapOf(
            "embedding" to Head(Task.EMBED, dimensions = 8),
            "domain" to head(listOf("law", "math", "other"), 0.2),
            "jailbreak" to head(listOf("benign", "jailbreak"), 0.7, "jailbreak"),
            "pii" to Head(Task.TOKEN, listOf("O", "B-PERSON", "I-PERSON"), answersFrom = 0.6),
            "fact_check" to head(listOf("no_check", "needs_check"), 0.75),
            "user_feedback" to head(listOf("satisfied", "need_clarification", "wrong_answer", "want_different"), 0.45),
            "modality" to head(listOf("AR", "DIFFUSION", "BOTH"), 0.6),
            "complexity" to head(listOf("easy", "hard"), 0.55),
        )

    private fun head(labels: List<String>, from: Double, vararg positive: String) =
        Head(Task.SEQ_CLS, labels, positive.toSet(), calibrated = true, answersFrom = from)

    private fun findings(case: Case): List<String> {
        val text =
            """
            version: v0.3
            providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
            global: {model_catalog: {modules: {${case.modules}}}}
            routing:
              signals: {${case.signal}}
              decisions: [{name: d, rules: {${case.condition}}}]
            """.trimIndent()
        val files = FakeFiles(folders = mapOf("c" to classifierFolder("low", "high")), bundled = EncoderFolder.Found(null, heads))
        return lint(loadPolicy(text, "p.yaml", { null }, files), "p.yaml") { null }.map(::told)
    }

    private fun check(vararg cases: Case) =
        assertSoftly {
            cases.forEach { withClue("${it.signal}, ${it.modules}") { findings(it) shouldBe it.findings.toList() } }
        }

    private fun idle(path: String, message: String, acts: String? = null): String =
        "idle-threshold $path: $message" + acts?.let { " -> " + fix("write what acts, $it", path, it) }.orEmpty()

    @Test
    fun `what an abstaining head never lets be reached or missed`() {
        val facts = "fact_check: [{name: needs_fact_check}]"
        val asks = "type: fact_check, name: needs_fact_check"

        fun check(threshold: String) = "hallucination_mitigation: {fact_check: {threshold: $threshold}}"
        val feedback = "user_feedbacks: [{name: wrong_answer}]"
        val wrong = "type: user_feedback, name: wrong_answer"
        val guess = "global.model_catalog.modules.feedback_detector.threshold"
        check(
            Case(facts, asks),
            Case(facts, asks, check("0.75")),
            Case(facts, asks, check("0.25")),
            Case(facts, asks, check("0.6"), idle(FACTS, "0.6 acts as 0.75: between 0.25 and that the head abstains", "0.75")),
            Case(facts, asks, check("0"), idle(FACTS, "0 is always reached")),
            Case(facts, asks, check("1"), idle(FACTS, "1 can never be reached: calibrated probabilities stay below 1")),
            Case(feedback, wrong, "feedback_detector: {threshold: 0.45}"),
            Case(feedback, wrong, "feedback_detector: {threshold: 0.3}", idle(guess, "0.3 is always reached", "0.45")),
        )
    }

    @Test
    fun `the first of k labels has a kth at least, whatever the head says of itself`() {
        val other = "domains: [{name: other}]"
        val path = "global.model_catalog.modules.classifier.domain.threshold"

        fun domain(threshold: Double) = "classifier: {domain: {threshold: $threshold}}"
        check(
            Case("domains: [{name: law}]", "type: domain, name: law", domain(0.1)),
            Case(other, "type: domain, name: other", domain(0.4)),
            Case(
                other,
                "type: domain, name: other",
                domain(0.3),
                idle(path, "0.3 never lets other stand in for a text without a topic"),
            ),
        )
    }

    @Test
    fun `modality and its ratio`() {
        val path = "global.model_catalog.modules.modality_detector"

        fun modality(settings: String) = "modality_detector: {$settings}"
        val signal = "modality: [{name: AR}]"
        val asks = "type: modality, name: AR"
        val words = "0.5 never lets words decide: the head abstains first"
        check(
            Case(signal, asks),
            Case(signal, asks, modality("confidence_threshold: 0.8, lower_threshold_ratio: 0.75")),
            Case(signal, asks, modality("confidence_threshold: 0.5"), idle("$path.confidence_threshold", "0.5 is always reached", "0.6")),
            Case(
                signal,
                asks,
                modality("confidence_threshold: 0.8, lower_threshold_ratio: 0.5"),
                idle("$path.lower_threshold_ratio", words, "0.75"),
            ),
            Case(signal, asks, modality("method: classifier, confidence_threshold: 0.8, lower_threshold_ratio: 0.5")),
        )
    }

    @Test
    fun `guards go by probabilities, abstention or not`() {
        val asks = "type: jailbreak, name: j"

        fun guard(settings: String) = "jailbreak: [{name: j$settings}]"
        val own = "routing.signals.jailbreak[0].threshold"
        val module = "global.model_catalog.modules.prompt_guard.threshold"
        val all = "prompt_guard: {positive_labels: [benign, jailbreak], threshold: 0.9}"
        val never = "can never be reached: calibrated probabilities stay below 1"
        val span = "routing.signals.pii[0].threshold"
        check(
            Case(guard(", threshold: 0.5"), asks),
            Case(guard(", threshold: 1.0"), asks, "", idle(own, "1 $never")),
            Case(guard(""), asks, "prompt_guard: {threshold: 1.0}", idle(module, "1 $never")),
            Case(guard(", threshold: 0.5"), asks, "prompt_guard: {threshold: 1.0}"),
            Case(guard(""), asks, all, idle(module, "0.9 is always reached, since every label of the head counts as a threat")),
            Case(guard(", method: contrastive, threshold: 1.0, jailbreak_patterns: [a], benign_patterns: [b]"), asks),
            Case("pii: [{name: p, threshold: 0.7}]", "type: pii, name: p"),
            Case("pii: [{name: p, threshold: 0.5}]", "type: pii, name: p", "", idle(span, "0.5 is always reached", "0.6")),
        )
    }

    @Test
    fun `how far two probabilities lie apart`() {
        val path = "routing.signals.complexity[0].threshold"

        fun complexity(threshold: Double) = "complexity: [{name: c, method: classifier, threshold: $threshold}]"
        val asks = "type: complexity, name: c, label: hard"
        check(
            Case(complexity(0.2), asks),
            Case(complexity(0.05), asks, "", idle(path, "0.05 leaves no text medium: the head abstains first", "0.1")),
            Case(complexity(1.0), asks, "", idle(path, "1 can never be reached: two probabilities differ by less")),
        )
    }

    @Test
    fun `predicates on what a head says`() {
        val signal = "classifiers: [{name: c, type: local, model_path: c, labels: [low, high]}]"

        fun asks(predicate: String, name: String = "name: c, label: high") = "type: classifier, $name, predicate: {$predicate}"

        fun found(message: String) = arrayOf(idle("routing.decisions[0].rules", "$message: classifier:c:high lies between 0 and 1"))
        check(
            Case(signal, asks("gte: 0.8")),
            Case(signal, asks("gte: 1.0")),
            Case(signal, asks("gt: 1.0"), "", *found("can never hold")),
            Case(signal, asks("gte: 80", "name: c:high"), "", *found("can never hold")),
            Case(signal, asks("lt: 2"), "", *found("holds always")),
        )
    }

    private companion object {
        const val FACTS = "global.model_catalog.modules.hallucination_mitigation.fact_check.threshold"
    }
}
