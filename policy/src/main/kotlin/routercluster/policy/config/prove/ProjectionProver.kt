package routercluster.policy.config.prove

import routercluster.policy.config.PROJECTION_TYPE
import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.config.raw.KB_METRIC
import routercluster.policy.config.raw.RawInput
import routercluster.policy.config.raw.RawMapping
import routercluster.policy.config.raw.RawPartition
import routercluster.policy.config.raw.RawProjections
import routercluster.policy.config.raw.RawRule
import routercluster.policy.config.raw.RawScore
import routercluster.policy.config.raw.ValueSource
import routercluster.policy.decisions.Rule
import routercluster.policy.projections.InputValue
import routercluster.policy.projections.Mapping
import routercluster.policy.projections.Partition
import routercluster.policy.projections.Projections
import routercluster.policy.projections.Score
import routercluster.policy.projections.ScoreInput
import routercluster.policy.signals.OnError

/**
 * Proves the projections of one recipe. Problems leave gaps in what it returns, which is then not used.
 *
 * @param metrics by knowledge base, the signal that reads its metrics
 */
internal class ProjectionProver(
    private val raw: RawProjections,
    private val metrics: Map<String, ScopedSignal>,
    private val problems: Problems,
) {
    private val outputNames = raw.mappings.flatMap { mapping -> mapping.outputs.map { it.name } }
    private val sourceOfOutput =
        raw.mappings.flatMap { mapping -> mapping.outputs.map { it.name.value to mapping.source?.value } }.toMap()

    init {
        refuseDuplicates(raw.partitions.map { it.name }, "partition", problems)
        refuseDuplicates(raw.scores.map { it.name }, "score", problems)
        refuseDuplicates(raw.mappings.map { it.name }, "mapping", problems)
        refuseDuplicates(outputNames, "output of projections.mappings", problems)
    }

    /** What partitions make of conditions on their members, by type and name. */
    fun members(scope: SignalScope): Map<Pair<String, String>, Rule.Member> {
        val members = mutableMapOf<Pair<String, String>, Rule.Member>()
        raw.partitions.forEachIndexed { place, partition ->
            val type = memberType(partition, scope) ?: return@forEachIndexed
            refuseDuplicates(partition.members, "member of the partition ${partition.name.value}", problems)
            partition.members.forEachIndexed { member, name ->
                val before = members.putIfAbsent(type to name.value, Rule.Member(place, member, OnError.NO_MATCH))
                if (before != null && before.partition != place) {
                    problems.add(
                        name.at,
                        "is a member of ${raw.partitions[before.partition].name.value} already",
                        name.value,
                        "one partition",
                    )
                }
            }
        }
        return members
    }

    /** All members are of one type; the one that knows most of them is taken for the one that was meant. */
    private fun memberType(partition: RawPartition, scope: SignalScope): String? {
        if (memberTypes.none { it in scope.types }) return null
        val type = memberTypes.maxBy { type -> partition.members.count { it.value in scope.named[type].orEmpty() } }
        val known = scope.named[type].orEmpty()
        partition.members.forEach { member ->
            val other = scope.named.entries
                .firstOrNull { member.value in it.value && it.key != type }
                ?.key
            val message = if (other == null) "unknown signal of type $type" else "is of type $other, and members are of one type"
            if (member.value !in known) unknownName(member, message, known, problems)
        }
        partition.default?.let { unknownName(it, "is not a member", partition.members.map { member -> member.value }, problems) }
        return type.takeIf { partition.members.isNotEmpty() && partition.members.all { it.value in known } }
    }

    /** @param scope with members and composers */
    fun prove(scope: SignalScope): Proven {
        val sorted = sorted()
        val places = sorted.withIndex().associate { (place, score) -> score.name.value to place }
        val scores = mutableListOf<Score>()
        val canBlock = mutableMapOf<String, Boolean>()
        val outputs = mutableMapOf<String, Rule.Output?>()
        raw.mappings.filter { it.source?.value !in places }.forEach { mapping ->
            mapping.source?.let { unknownName(it, "unknown score", raw.scores.map { score -> score.name.value }, problems) }
            mapping.outputs.forEach { outputs[it.name.value] = null }
        }
        for (score in sorted) {
            val known = scope.with(outputs = outputs)
            scores += Score(score.name.value, score.inputs.mapNotNull { input -> value(input, known, places)?.let { named(input, it) } })
            val blocks = scores.last().inputs.any { blocks(it.value, canBlock, scores) }
            canBlock[score.name.value] = blocks
            raw.mappings.forEachIndexed { place, mapping ->
                if (mapping.source?.value == score.name.value) outputs += outputsOf(mapping, place, blocks)
            }
        }
        val partitions = raw.partitions.mapNotNull { partition(it, scope) }
        return Proven(Projections(partitions, scores, raw.mappings.map { mapping(it, places) }), outputs)
    }

    class Proven(val projections: Projections, val outputs: Map<String, Rule.Output?>)

    private fun partition(raw: RawPartition, scope: SignalScope): Partition? {
        val type = memberTypes.firstOrNull { type -> raw.members.all { (type to it.value) in scope.signals } } ?: return null
        val names = raw.members.map { it.value }
        val default = names.indexOf(raw.default?.value)
        return Partition(raw.name.value, names.map { scope.signals.getValue(type to it).index }, names, default, raw.temperature)
    }

    private fun mapping(raw: RawMapping, places: Map<String, Int>) =
        Mapping(
            raw.name.value,
            places[raw.source?.value] ?: -1,
            raw.firstOnly,
            raw.slope,
            raw.outputs.map { Mapping.Output(it.name.value, it.band) },
        )

    /** A score that may stay unknown since a guard failed refuses as the guard would have. */
    private fun outputsOf(raw: RawMapping, place: Int, blocks: Boolean): Map<String, Rule.Output> {
        val onError = if (blocks) OnError.BLOCK else OnError.NO_MATCH
        return raw.outputs.withIndex().associate { (output, it) -> it.name.value to Rule.Output(place, output, onError) }
    }

    private fun blocks(value: InputValue, canBlock: Map<String, Boolean>, scores: List<Score>): Boolean =
        when (value) {
            is InputValue.Flag -> blocks(value.rule)
            is InputValue.Confidence -> blocks(value.rule)
            is InputValue.Number -> value.onError == OnError.BLOCK
            is InputValue.OfScore -> scores.getOrNull(value.score)?.let { canBlock[it.name] } == true
        }

    private fun blocks(rule: Rule): Boolean =
        when (rule) {
            is Rule.Leaf -> rule.onError == OnError.BLOCK
            is Rule.Output -> rule.onError == OnError.BLOCK
            is Rule.Member -> rule.onError == OnError.BLOCK
            is Rule.And -> rule.children.any(::blocks)
            is Rule.Or -> rule.children.any(::blocks)
            is Rule.Not -> blocks(rule.child)
        }

    private fun named(raw: RawInput, value: InputValue): ScoreInput {
        val name = raw.name?.value ?: "${raw.base?.value}.${raw.metric?.value}"
        return ScoreInput("${raw.type.value}:$name", raw.weight, value)
    }

    private fun value(raw: RawInput, scope: SignalScope, places: Map<String, Int>): InputValue? =
        when (raw.type.value) {
            KB_METRIC -> metric(raw)
            PROJECTION_TYPE -> projection(raw, scope, places)
            else -> ofSignal(raw, scope)
        }

    private fun metric(raw: RawInput): InputValue? {
        sourceIs(raw, ValueSource.SCORE, ValueSource.RAW)
        val base = raw.base ?: return null
        val source = metrics[base.value] ?: return null
        val metric = raw.metric ?: return null
        unknownName(metric, "unknown metric of the knowledge base ${base.value}", source.signal.labels.keys, problems)
        return InputValue.Number(source.index, metric.value, source.signal.onError)
    }

    /** A score by its value, or an output as a signal. A name that both have is the score's. */
    private fun projection(raw: RawInput, scope: SignalScope, places: Map<String, Int>): InputValue? {
        val name = raw.name ?: return null
        val wantsOutput = raw.source == ValueSource.CONFIDENCE || name.value !in places
        if (!wantsOutput) return InputValue.OfScore(places.getValue(name.value))
        val names = places.keys + scope.outputs?.keys.orEmpty()
        if (name.value !in names) unknownName(name, "unknown score or output", names, problems)
        if (name.value in places && name.value !in scope.outputs.orEmpty()) {
            problems.add(raw.at, "a score has no confidence; name an output of a mapping", name.value, "value_source: score")
        }
        if (scope.outputs?.get(name.value) == null) return null
        return proveRule(leaf(raw, name), scope, problems)?.let { flagOrConfidence(raw, it) }
    }

    private fun ofSignal(raw: RawInput, scope: SignalScope): InputValue? {
        val name = raw.name ?: return null
        sourceIs(raw, ValueSource.BINARY, ValueSource.CONFIDENCE, ValueSource.RAW)
        if (raw.source == ValueSource.RAW) {
            val named = resolve(leaf(raw, name), scope, problems) ?: return null
            val label = named.label
            if (label != null) unknownName(label, "unknown label of ${named.scoped.signal.ref}", named.scoped.signal.labels.keys, problems)
            return InputValue.Number(named.scoped.index, label?.value, named.scoped.signal.onError)
        }
        return proveRule(leaf(raw, name), scope, problems)?.let { flagOrConfidence(raw, it) }
    }

    private fun flagOrConfidence(raw: RawInput, rule: Rule): InputValue =
        if (raw.source == ValueSource.CONFIDENCE) InputValue.Confidence(rule) else InputValue.Flag(rule, raw.match, raw.miss)

    private fun leaf(raw: RawInput, name: Text) = RawRule.Leaf(raw.type, name, label = null, predicate = null, onError = null, raw.at)

    private fun sourceIs(raw: RawInput, vararg accepted: ValueSource) {
        if (raw.source == null || raw.source in accepted) return
        val words = accepted.joinToString(", ") { it.name.lowercase() }
        problems.add(raw.at, "this value_source does not go with inputs of type ${raw.type.value}", raw.source.name.lowercase(), words)
    }

    /** The scores, each behind those that it adds up; those that go in a circle are reported. */
    private fun sorted(): List<RawScore> {
        val byName = raw.scores.associateBy { it.name.value }
        val done = LinkedHashSet<RawScore>()
        val path = mutableListOf<RawScore>()

        fun visit(score: RawScore) {
            if (score in done) return
            if (score in path) {
                val circle = path.dropWhile { it !== score }.map { it.name.value } + score.name.value
                problems.add(score.at, "adds itself up", circle.joinToString(" -> "), "scores that do not go in a circle")
                return
            }
            path += score
            score.inputs
                .mapNotNull(::scoreBehind)
                .mapNotNull(byName::get)
                .forEach(::visit)
            path -= score
            done += score
        }
        raw.scores.forEach(::visit)
        return done.toList()
    }

    private fun scoreBehind(input: RawInput): String? {
        val name = input.name?.value?.takeIf { input.type.value == PROJECTION_TYPE } ?: return null
        val isScore = input.source != ValueSource.CONFIDENCE && raw.scores.any { it.name.value == name }
        return if (isScore) name else sourceOfOutput[name]
    }

    private companion object {
        val memberTypes = listOf("domain", "embedding")
    }
}
