package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.ExternalModel
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.format.Feature
import routercluster.policy.config.nearestName
import routercluster.policy.encode.LabelQuestion
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts

/** Who tells the labels apart: an encoder in a folder, or a language model. */
internal enum class ClassifierType { LOCAL, LLM }

/** A rule of `routing.signals.classifiers` as written. */
internal class RawClassifierRule(
    rule: LearnedRule,
    private val type: ClassifierType?,
    override val folder: NamedFolder?,
    private val model: Text?,
    private val labels: List<Text>,
    private val labelsAt: Location,
    private val instructions: Text?,
) : RawLearned(rule),
    NamesEncoder {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val before = problems.all.size
        if (labels.size < 2) problems.add(labelsAt, "has too few", "${labels.size} labels", "at least two")
        labels
            .groupBy { it.value }
            .values
            .flatMap { it.drop(1) }
            .forEach { problems.add(it.at, "is there twice", it.value) }
        val misplaced = if (type == ClassifierType.LOCAL) listOf(model, instructions) else listOf(folder?.path)
        misplaced.filterNotNull().forEach { problems.add(it.at, "does not go with type ${type?.name?.lowercase()}", it.value) }
        val signal =
            when (type) {
                ClassifierType.LOCAL -> local(catalog, problems)
                ClassifierType.LLM -> asked(catalog, problems)
                null -> null
            }
        return signal.takeIf { problems.all.size == before }
    }

    private fun local(catalog: Catalog, problems: Problems): Signal? {
        if (folder == null) problems.add(at.copy(path = "${at.path}.model_path"), "is required", accepted = "the folder of an encoder")
        if (folder == null) return null
        if (catalog.isAbsent(folder.path)) {
            problems.inactive(Feature.ABSENT_CLASSIFIER, folder.path.at)
            return rule.unreadable("classifier", "the encoder ${folder.path.value} is not here", numbers(), ConditionNeeds.LABEL)
        }
        val head = catalog.headIn(folder.path, labels, problems) ?: return null
        val terms = rule.terms("classifier", catalog, listOf(head))
        return ClassifierSignal(terms, LabelHead(head), labels.map { it.value }, question = null)
    }

    private fun asked(catalog: Catalog, problems: Problems): Signal? {
        val externals = catalog.externals.values
            .filter { it.role == ExternalModel.Role.CLASSIFICATION }
            .map { it.name }
        val accepted = externals.joinToString(", ").ifEmpty { "none is defined" }
        if (model == null) problems.add(at.copy(path = "${at.path}.model"), "is required", accepted = accepted)
        if (model != null && model.value !in externals) {
            val what = "unknown external model of role classification"
            problems.add(model.at, what, model.value, accepted, nearestName(model.value, externals))
        }
        val external = model?.let { catalog.externals[it.value] }
        if (external == null || labels.size < 2) return null
        val choices = labels.map { LabelQuestion.Choice(it.value) }
        val question = LabelQuestion(catalog.headOf(external, name), choices, instructions?.value)
        val terms = rule.terms("classifier", catalog, listOf(question.named()))
        return ClassifierSignal(terms, LabelHead(question.named()), labels.map { it.value }, question)
    }

    private fun numbers() = labels.associate { it.value to LabelKind.NUMBER } + (ABSTAIN to LabelKind.FLAG)

    companion object {
        private val types = ClassifierType.entries.associateBy { it.name.lowercase() }

        fun read(section: Section): RawClassifierRule {
            val wantsGpu = section.boolean("use_cpu") == false
            return RawClassifierRule(
                LearnedRule.read(section),
                section.requiredOneOf("type", types),
                section.text("model_path")?.let { NamedFolder(it, wantsGpu) },
                section.text("model"),
                section.texts("labels"),
                section.at("labels"),
                section.text("instructions"),
            ).also { section.close() }
        }
    }
}

/**
 * Gives the newest user message a probability per label. It says nothing as a whole: a condition names a label and a predicate on
 * its probability, 0..1.
 *
 * @property own the labels of the rule; the head may know more
 */
internal class ClassifierSignal(
    terms: Terms,
    private val head: LabelHead,
    private val own: List<String>,
    override val question: LabelQuestion?,
) : HeadSignal(terms) {
    override val labels = own.associateWith { LabelKind.NUMBER } + (ABSTAIN to LabelKind.FLAG)
    override val conditionNeeds = ConditionNeeds.LABEL

    override fun rangeOf(label: String?) = unitRange.takeIf { label in own }

    override fun passages(facts: Facts): List<Passage> = aloneOf(facts, head)

    override fun read(facts: Facts, results: List<PassageResult>): Reading =
        head.read(results) { all -> all.firstOrNull()?.let(::judge) ?: nothing }

    private fun judge(answer: Distribution): Reading {
        val top = answer.top.takeIf { !answer.abstained }
        val parts = own.associateWith { Reading.Seen(it == top, answer.of(it), answer.of(it)) }
        return Reading.Seen(false, 0.0, null, listOfNotNull(top), parts + (ABSTAIN to flag(answer.abstained)))
    }
}
