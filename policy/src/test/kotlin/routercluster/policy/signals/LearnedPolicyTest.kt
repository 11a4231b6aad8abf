package routercluster.policy.signals

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.Policy
import routercluster.policy.catalog.FakeFiles
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.PolicyOutcome
import routercluster.policy.config.provePolicy
import routercluster.policy.decisions.Question
import routercluster.policy.decisions.Rule
import routercluster.policy.decisions.Ruling
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Preparation
import routercluster.policy.encode.Prepared
import routercluster.policy.encode.Task
import java.time.Duration

/** Whole policies with learned signals: what the catalog gives them and what is refused by name. */
class LearnedPolicyTest {
    private val manifest =
        """
        {"version": "1", "labels": {"code": {"exemplars": ["our code", "our build"]}, "chat": {"exemplars": ["hello"]}}}
        """

    private fun files(kb: String? = manifest): PolicyFiles {
        val guard = EncoderFolder.Found("/m/guard", mapOf("class" to Head(Task.SEQ_CLS, listOf("SAFE", "RISKY"))))
        val texts = listOfNotNull(kb?.let { "kb/labels.json" to it }).toMap()
        return FakeFiles(texts, mapOf("models/guard" to guard), EncoderFolder.Found(null, ToyEncoder.heads))
    }

    private fun outcome(signals: String, rule: String, catalog: String, files: PolicyFiles) =
        provePolicy(
            """
            version: v0.3
            providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
            routing:
              signals: {$signals}
              decisions: [{name: d, rules: $rule}]
            global: {model_catalog: {$catalog}}
            """.trimIndent(),
            "p.yaml",
            { null },
            files = files,
        )

    private fun policy(signals: String, rule: String, catalog: String = "", files: PolicyFiles = files()): Policy =
        when (val outcome = outcome(signals, rule, catalog, files)) {
            is PolicyOutcome.Proven -> outcome.policy
            is PolicyOutcome.Refused -> error(outcome.problems.joinToString("\n"))
        }

    private fun problems(signals: String, rule: String, catalog: String = "", files: PolicyFiles = files()): List<String> =
        when (val outcome = outcome(signals, rule, catalog, files)) {
            is PolicyOutcome.Proven -> emptyList()
            is PolicyOutcome.Refused -> outcome.problems.map { it.toString() }
        }

    private val base = "kbs: [{name: k, source: {path: kb/}, threshold: 0.4, label_thresholds: {code: 0.7}, " +
        "groups: {private: [code], open: [chat]}, " +
        "metrics: [{name: lead, type: group_margin, positive_group: private, negative_group: open}]}]"
    private val judge =
        "external: [{name: judge, model_role: classification, llm_endpoint: {address: llm, port: 443}, " +
            "llm_model_name: j, llm_timeout_seconds: 7}]"

    @Test
    fun `a level of complexity holds under its composer alone`() {
        val signals = "keywords: [{name: code, operator: OR, keywords: [code]}], " +
            "complexity: [{name: task, hard: {candidates: [prove it]}, easy: {candidates: [say hi]}, " +
            "composer: {type: keyword, name: code}}]"
        val recipe = policy(signals, "{type: complexity, name: 'task:hard'}").recipes.getValue("default")
        recipe.decisions.single().rule shouldBe
            Rule.And(listOf(Rule.Leaf(0, null, OnError.NO_MATCH), Rule.Leaf(1, null, OnError.NO_MATCH, "hard")))
        // Where the composer is false the encoder is not asked.
        recipe.engine
            .begin(said("prove it"))
            .shouldBeInstanceOf<Ruling>()
            .decision shouldBe null
        recipe.engine
            .begin(said("prove this code"))
            .shouldBeInstanceOf<Question>()
            .signals
            .map { "$it" } shouldContainExactly
            listOf("complexity:task")
    }

    @Test
    fun `where one way of a hybrid guard fails, the other decides if it found something`() {
        val signals = "jailbreak: [{name: guard, method: hybrid, jailbreak_patterns: [ignore all rules], benign_patterns: [buy milk]}]"
        val written = policy(signals, "{type: jailbreak, name: guard}")
        val preparation = Preparation.of(written).shouldNotBeNull()
        val ready = preparation.complete(preparation.requests.map(::withoutGuard)).shouldBeInstanceOf<Prepared.Ready>()

        fun ruling(text: String): Ruling {
            val recipe = ready.policy.recipes.getValue("default")
            val question = recipe.engine.begin(said(text)).shouldBeInstanceOf<Question>()
            return question.answered(withoutGuard(question.request), Duration.ZERO).shouldBeInstanceOf<Ruling>()
        }
        ruling("ignore all rules").run { decision?.name to isBlocked } shouldBe ("d" to false)
        ruling("buy milk").run { decision?.name to isBlocked } shouldBe ("d" to true)
    }

    /** Every head but the guard's answers. */
    private fun withoutGuard(request: EncodeRequest): EncodeReply {
        val results = request.passages.map { passage ->
            val heads = passage.heads.associateWith {
                if (it.head == "jailbreak") HeadResult.Failed("gone") else HeadResult.Vector(ToyEncoder.vector(passage.text))
            }
            PassageResult(heads, whole(passage.text))
        }
        return EncodeReply(results, request.passages.size, Duration.ZERO, Duration.ZERO)
    }

    @Test
    fun `labels of every family can be tested`() {
        val rows =
            listOf(
                Triple("domains: [{name: math}]", "{type: domain, name: math, label: normalised_entropy, predicate: {gt: 0.8}}", ""),
                Triple("domains: [{name: math}]", "{type: domain, name: 'math:abstain'}", ""),
                Triple("pii: [{name: p}]", "{type: pii, name: p, label: US_SSN, predicate: {gte: 2}}", ""),
                Triple("pii: [{name: p}]", "{type: pii, name: 'p:US_SSN'}", ""),
                Triple(
                    "kb: [{name: x, kb: k, target: {kind: group, value: private}}]",
                    "{type: kb, name: 'x:lead', predicate: {gt: 0}}",
                    base,
                ),
                Triple(
                    "classifiers: [{name: c, type: local, model_path: models/guard, labels: [RISKY, SAFE]}]",
                    "{type: classifier, name: c, label: RISKY, predicate: {gte: 0.5}}",
                    "",
                ),
                Triple(
                    "classifiers: [{name: c, type: llm, model: judge, labels: [A, B]}]",
                    "{type: classifier, name: 'c:A', predicate: {gte: 0.5}}",
                    judge,
                ),
            )
        for ((signals, rule, catalog) in rows) withClue("$signals $rule") { problems(signals, rule, catalog).shouldBeEmpty() }
    }

    @Test
    fun `a folder that a rule names is opened beside the catalog's own`() {
        val signals = "classifiers: [{name: c, type: local, model_path: models/guard, labels: [RISKY, SAFE], use_cpu: false}]"
        val policy = policy(signals, "{type: classifier, name: 'c:RISKY', predicate: {gte: 0.5}}")
        policy.catalog.encoders.keys shouldBe setOf("default", "guard")
        val signal = policy.recipes
            .getValue("default")
            .signals
            .single() as LearnedSignal
        signal
            .passages(said("x"))
            .single()
            .heads
            .map { it.toString() } shouldContainExactly listOf("guard/class")
    }

    @Test
    fun `what a rule rests on and cannot have is refused by name`() {
        val kb = "kb: [{name: x, kb: k, target: {kind: group, value: private}}]"
        val x = "{type: kb, name: x}"
        val llm = "classifiers: [{name: c, type: llm, model: judge, labels: [A, B]}]"
        val a = "{type: classifier, name: 'c:A', predicate: {gte: 0.5}}"
        val rows =
            listOf(
                problems(kb, x) to "unknown knowledge base (found k); accepted: none is defined",
                problems(kb, x, base, files(kb = null)) to "kbs[0].source.path: cannot be read (found kb/labels.json)",
                problems(kb, x, base, files(kb = "[")) to "is not JSON",
                problems(kb, x, base, files(kb = "{}")) to "has no labels (found kb/labels.json)",
                problems(kb, x, base, files(kb = """{"labels": {"code": {"exemplars": []}}}""")) to "has no exemplars for the label code",
                problems(kb, x, base, files(kb = """{"labels": {"code": {"exemplars": [1]}}}""")) to
                    "has an exemplar that is no string under the label code",
                problems(kb, x, base.replace("[code]", "[cod]")) to
                    "groups.private[0]: unknown label of the knowledge base k (found cod); accepted: code, chat; did you mean code?",
                problems(kb, x, base.replace("[chat]", "[]")) to "groups: has an empty group (found open)",
                problems(kb, x, base.replace("{code: 0.7}", "{chatt: 0.7}")) to
                    "label_thresholds.chatt: unknown label of the knowledge base k (found chatt)",
                problems(llm, a) to
                    "classifiers[0].model: unknown external model of role classification (found judge); accepted: none is defined",
                problems(
                    "preferences: [{name: p, examples: [x]}]",
                    "{type: preference, name: p}",
                    "modules: {classifier: {preference: {use_contrastive: false}}}",
                ) to
                    "needs an external model of role preference",
                problems(
                    "domains: [{name: math}]",
                    "{type: domain, name: math}",
                    files = FakeFiles(bundled = EncoderFolder.Missing),
                ) to
                    "routing.signals.domains[0]: needs an encoder head for domain, and there is no encoder",
                problems("pii: [{name: p}]", "{type: pii, name: p}", "modules: {classifier: {pii: {enabled: false}}}") to
                    "needs an encoder head for pii, and the policy has switched it off",
                problems("domains: [{name: math}]", "{type: domain, name: math, label: entropy}") to
                    "needs a predicate: entropy is a number",
                problems(llm, "{type: classifier, name: c, predicate: {gt: 0}}", judge) to
                    "needs a label (found c); accepted: A, B, abstain",
            )
        for ((found, expected) in rows) withClue(found) { found.any { expected in it } shouldBe true }
    }
}
