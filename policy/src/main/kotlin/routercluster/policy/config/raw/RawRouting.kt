package routercluster.policy.config.raw

import routercluster.policy.AsWritten
import routercluster.policy.Strategy
import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.choose
import routercluster.policy.config.format.Status
import routercluster.policy.config.format.algorithmFormat
import routercluster.policy.config.format.checkAll
import routercluster.policy.config.format.decisionFormat
import routercluster.policy.config.format.iterationFormat
import routercluster.policy.config.format.readInactive
import routercluster.policy.config.format.refuseFormer
import routercluster.policy.config.format.signalsFormat
import routercluster.policy.config.formatSignals
import routercluster.policy.learnt.LearntKind
import routercluster.policy.models.ModelCard
import routercluster.policy.selectors.ConstrainedSelector
import routercluster.policy.selectors.Constraints
import routercluster.policy.selectors.PromptSelector
import routercluster.policy.selectors.SecondLookSelector
import routercluster.policy.selectors.Selector
import routercluster.policy.selectors.SessionAwareSelector
import routercluster.policy.selectors.StaticSelector
import routercluster.policy.selectors.selectors
import routercluster.policy.signals.NamesKnowledgeBase
import routercluster.policy.signals.RawMetricSource
import routercluster.policy.signals.RawSignal
import routercluster.policy.signals.SignalFamily

/** A `routing` section, the top-level one or a recipe's. */
internal class RawRouting(
    val strategy: Strategy?,
    val cards: List<RawCard>,
    val signals: List<FamilySignal>,
    val projections: RawProjections,
    val decisions: List<RawDecision>,
)

internal class FamilySignal(val type: String, val raw: RawSignal)

internal class RawCard(val name: Text, val card: ModelCard)

/** @property iterated models that its candidates were written over in the DSL; their names must be right, and nothing else comes of them */
internal class RawDecision(
    val name: Text,
    val description: String?,
    val priority: Int?,
    val tier: Int?,
    val rule: RawRule?,
    val modelRefs: List<RawModelRef>,
    val algorithm: RawAlgorithm,
    val plugins: List<RawPlugin>,
    val annotations: Map<String, String>,
    val written: AsWritten,
    val iterated: List<RawModelRef>,
)

/**
 * @property type as it acts, which for one that is not built is the default
 * @property at where that is written; null where nothing is
 * @property adviser the model of the policy that it asks
 * @property learnt what its artifact is, where it goes by one: its selector then comes of that
 */
internal class RawAlgorithm(
    val type: String,
    val selector: Selector,
    val at: Location? = null,
    val learnt: RawLearnt? = null,
    val adviser: Text? = null,
    val constraints: Written<Constraints>? = null,
)

internal class RawModelRef(
    val model: Text,
    val lora: Text?,
    val weight: Double?,
    val reasoning: Boolean?,
    val effort: String?,
)

internal val strategies: Map<String, Strategy> = Strategy.entries.associateBy { it.name.lowercase() }

internal fun readRouting(section: Section, families: List<SignalFamily>, cardsBelong: Boolean): RawRouting {
    if (!cardsBelong) section.refuse("modelCards", "belongs to the top-level routing section: all recipes share the models")
    val signals = section.section("signals")?.let { readSignals(it, families) }.orEmpty()
    val projections = section.section("projections")?.let(::readProjections) ?: RawProjections()
    return RawRouting(
        section.oneOf("strategy", strategies),
        if (cardsBelong) section.sections("modelCards").mapNotNull(::readCard) else emptyList(),
        signals + metricSources(projections, signals),
        projections,
        section.sections("decisions").mapNotNull(::readDecision),
    )
}

private val modalities = listOf("ar", "text", "omni", "diffusion").associateWith { it }

private fun readCard(section: Section): RawCard? {
    val name = section.requiredText("name")
    val loras = section.sections("loras")
    loras.forEach { it.string("description") }
    val card =
        ModelCard(
            section.string("description"),
            section.string("param_size"),
            section.int("context_window_size", 1..1_000_000_000),
            section.strings("capabilities"),
            section.double("quality_score", 0.0..1.0),
            section.oneOf("modality", modalities),
            section.strings("tags"),
            loras.mapNotNull { it.requiredText("name")?.value },
        )
    return name?.let { RawCard(it, card) }
}

private fun readSignals(section: Section, families: List<SignalFamily>): List<FamilySignal> {
    val built = families.map { it.key }
    (formatSignals.keys - built.toSet()).forEach { section.refuse(it, Section.NOT_SUPPORTED_YET) }
    section.refuseFormer(signalsFormat)
    return families.flatMap { family ->
        section.sections(family.key).map { FamilySignal(family.type, family.read(it)) }
    }
}

/** Scores may use the metrics of a knowledge base that no rule of the recipe names; something must read it for them. */
private fun metricSources(projections: RawProjections, signals: List<FamilySignal>): List<FamilySignal> {
    val named = signals.mapNotNull { (it.raw as? NamesKnowledgeBase)?.knowledgeBase?.value }
    val wanted = projections.scores.flatMap { it.inputs }.mapNotNull { it.base }
    return wanted.filter { it.value !in named }.distinctBy { it.value }.map { FamilySignal(KB_METRIC, RawMetricSource(it)) }
}

private fun readDecision(section: Section): RawDecision? {
    section.readInactive(decisionFormat)
    val name = section.requiredText("name")
    val decision =
        RawDecision(
            name ?: Text("", section.here),
            section.string("description"),
            section.int("priority", -PRIORITY_MAX..PRIORITY_MAX),
            section.int("tier", 0..PRIORITY_MAX),
            section.section("rules")?.let { readRule(it, depth = 1) },
            section.sections("modelRefs").mapNotNull(::readModelRef),
            section.section("algorithm")?.let(::readAlgorithm) ?: defaultAlgorithm,
            section.sections("plugins").mapNotNull(::readPlugin),
            readAnnotations(section),
            readWritten(section),
            section.sections("candidateIterations").flatMap(::readIteration),
        )
    return decision.takeIf { name != null }
}

private fun readIteration(section: Section): List<RawModelRef> {
    section.checkAll(iterationFormat)
    return section.sections("models").mapNotNull(::readModelRef)
}

private fun readWritten(section: Section) =
    AsWritten(
        section.section("algorithm")?.string("type") ?: DEFAULT_ALGORITHM,
        section.sections("plugins").mapNotNull { it.string("type") },
    )

private const val PRIORITY_MAX = 1_000_000_000
internal const val DEFAULT_ALGORITHM = "static"
private const val PROMPT = "prompt"
private val defaultAlgorithm = RawAlgorithm(DEFAULT_ALGORITHM, StaticSelector)

private fun readModelRef(section: Section): RawModelRef? {
    val model = section.requiredText("model")
    section.string("reasoning_description")
    val lora = section.text("lora_name")
    val weight = section.double("weight", 0.0..1_000_000.0)
    val reasoning = section.boolean("use_reasoning")
    val effort = section.oneOf("reasoning_effort", effortWords)
    return model?.let { RawModelRef(it, lora, weight, reasoning, effort) }
}

/**
 * The algorithms that are built cannot fail, so their `on_error` is checked and has nothing to do, which a notice says. In the place of an
 * algorithm that is not built stands static.
 */
internal fun readAlgorithm(section: Section): RawAlgorithm? {
    val cases = algorithmFormat.cases?.byValue.orEmpty()
    if (!section.has("type")) section.problems.add(section.at("type"), "is required", accepted = cases.keys.joinToString(", "))
    val type = section.text("type")?.let { choose(it, cases.keys.associateWith { it }, emptyList(), section.problems) }
    val case = cases[type]
    if (type == null || case == null) {
        section.passOver()
        return null
    }
    val parameters = section.section(type)
    val onError = section.oneOf("on_error", listOf("fallback", "skip", "fail").associateWith { it })
    val learnt = LearntKind.of(type)
    if (onError != null && type != PROMPT && (learnt != null || type in selectors)) {
        section.problems.notice(section.at("on_error"), "has no effect: $type cannot fail", onError)
    }
    val protection = section.section("protection")?.let(SessionAwareSelector::readProtection)
    val constraints = section.section("constraints")?.let { Written(Constraints.read(it), section.at("constraints")) }
    val secondLook = section.double("second_look_below", -1.0..1.0) ?: SecondLookSelector.BELOW

    fun wrapped(base: Selector): Selector {
        val looking = SecondLookSelector.around(base, secondLook)
        val protected = protection?.let { SessionAwareSelector(looking, it) } ?: looking
        return constraints?.let { ConstrainedSelector(protected, it.value) } ?: protected
    }
    if (learnt != null) {
        val at = section.at("type")
        return RawAlgorithm(type, StaticSelector, at, readLearnt(learnt, Text(type, at), parameters, ::wrapped), constraints = constraints)
    }
    selectors[type]?.let { selector ->
        val base = selector.read(parameters).let { if (it is PromptSelector && onError == "fail") it.refusing() else it }
        val adviser = if (type == PROMPT) parameters?.text("model") else null
        return RawAlgorithm(type, wrapped(base), section.at("type"), adviser = adviser, constraints = constraints)
    }
    parameters?.checkAll(case.fields)
    (case.status as? Status.NotBuilt)?.let { section.problems.inactive(it.feature, section.at("type")) }
    return defaultAlgorithm
}

private const val ANNOTATIONS_MAX = 32
private const val ANNOTATION_BYTES_MAX = 4_096

private fun readAnnotations(section: Section): Map<String, String> {
    val annotations = section.stringMap("annotations")
    val at: Location = section.atKey("annotations")
    if (annotations.size > ANNOTATIONS_MAX) {
        section.problems.add(at, "has too many keys", "${annotations.size}", "at most $ANNOTATIONS_MAX")
    }
    val bytes = annotations.entries.sumOf { it.key.encodeToByteArray().size + it.value.encodeToByteArray().size }
    if (bytes > ANNOTATION_BYTES_MAX) {
        section.problems.add(at, "is too large", "$bytes bytes", "at most $ANNOTATION_BYTES_MAX bytes of keys and values in UTF-8")
    }
    return annotations
}
