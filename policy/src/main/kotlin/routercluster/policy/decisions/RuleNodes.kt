package routercluster.policy.decisions

import routercluster.policy.projections.InputValue
import routercluster.policy.projections.Projections
import routercluster.policy.signals.OnError
import java.util.BitSet

internal enum class NodeKind { LEAF, OUTPUT, MEMBER, AND, OR, NOT }

/**
 * The rules of all decisions, and of the inputs of all scores, as one flat array of nodes. The nodes of one rule stand together,
 * children before parents, so one forward pass settles them without recursion.
 *
 * @param flatSignals per signal whether its matches have confidence 1.0 as [ConfidenceSemantics.SEED] counts
 */
internal class RuleNodes(
    rules: List<Rule>,
    val signalCount: Int,
    val projections: Projections = Projections.NONE,
    private val semantics: ConfidenceSemantics = ConfidenceSemantics.EVIDENCE,
    private val flatSignals: BooleanArray = BooleanArray(signalCount),
) {
    private val built = NodeList(signalCount)

    /** First node of each decision. */
    val starts = IntArray(rules.size)

    /** Last node of each decision: its rule's root. */
    val roots = IntArray(rules.size)

    /** The first node that is a score's and no decision's. */
    private val firstOfScores: Int

    /** Per score and input the nodes of its rule; empty where it has none. */
    val inputNodes: Array<Array<IntRange>>

    init {
        rules.forEachIndexed { decision, rule ->
            starts[decision] = built.kinds.size
            roots[decision] = built.add(rule)
        }
        firstOfScores = built.kinds.size
        inputNodes = Array(projections.scores.size) { score ->
            val inputs = projections.scores[score].inputs
            Array(inputs.size) { input -> ruleOf(inputs[input].value)?.let { built.kinds.size..built.add(it) } ?: IntRange.EMPTY }
        }
    }

    val kinds: Array<NodeKind> = built.kinds.toTypedArray()

    /** Per leaf its signal; -1 elsewhere. */
    val signals: IntArray = built.signals.toIntArray()
    val predicates: Array<Predicate?> = built.predicates.toTypedArray()
    val onErrors: Array<OnError> = built.onErrors.toTypedArray()
    val labels: Array<String?> = built.labels.toTypedArray()

    /** Per leaf whether a match has confidence 1.0 whatever its signal says. The weights of scores are written for that everywhere. */
    val flat: BooleanArray =
        BooleanArray(kinds.size) {
            val countsAsSeed = semantics == ConfidenceSemantics.SEED || it >= firstOfScores
            countsAsSeed && signals[it] >= 0 && flatSignals[signals[it]]
        }

    /** Per output its mapping, per member its partition, and which of it; -1 elsewhere. */
    val sources: IntArray = built.sources.toIntArray()
    val places: IntArray = built.places.toIntArray()

    /** Per node its first child and its next sibling; -1 ends a list. */
    val firstChild: IntArray = built.firstChild.toIntArray()
    val nextSibling: IntArray = built.nextSibling.toIntArray()

    /** Per node whether its confidence counts. */
    val weighs: BooleanArray = BooleanArray(kinds.size).also { weighs -> kinds.indices.forEach { weighs[it] = weighs(it, weighs) } }

    /** What a NOT that holds is sure of. */
    val notConfidence: Double = if (semantics == ConfidenceSemantics.SEED) 1.0 else 0.0

    /** Per score every signal that it rests on, ascending. */
    val scoreSignals: Array<IntArray> = scoreSignals()

    /** Per score whether a failure of what it rests on may leave it unknown. */
    val canBlock: BooleanArray = BooleanArray(projections.scores.size).also { can -> can.indices.forEach { can[it] = canBlock(it, can) } }

    /** Per decision every signal that its rule rests on, ascending. */
    val decisionSignals: Array<IntArray> = Array(rules.size) { signalsUnder(starts[it]..roots[it]) }

    /** Per signal the decisions whose rule rests on it, ascending: the only ones a new reading can move. */
    val readers: Array<IntArray> = inverse(decisionSignals)

    /** Per signal the scores that rest on it, in their order. */
    val scoreReaders: Array<IntArray> = inverse(scoreSignals)

    /** Per signal the partitions that it is a member of. */
    val partitionReaders: Array<IntArray> = inverse(Array(projections.partitions.size) { projections.partitions[it].members.toIntArray() })

    val size: Int get() = kinds.size

    /** The score that decides an output. */
    fun scoreOf(output: Int): Int = projections.mappings[sources[output]].score

    /** For explanations; deciding walks the lists itself. */
    fun childrenOf(node: Int): List<Int> = generateSequence(firstChild[node]) { nextSibling[it] }.takeWhile { it >= 0 }.toList()

    /** Every signal that one of [nodes] rests on, ascending. */
    fun signalsUnder(
        nodes: IntRange,
    ): IntArray = nodes.fold(BitSet()) { set, node -> set.apply { addSignals(node, scoreSignals) } }.toArray()

    private fun scoreSignals(): Array<IntArray> {
        val known = Array(projections.scores.size) { IntArray(0) }
        projections.scores.forEachIndexed { score, it ->
            val set = BitSet()
            it.inputs.forEachIndexed { place, input ->
                inputNodes[score][place].forEach { node -> set.addSignals(node, known) }
                when (val value = input.value) {
                    is InputValue.Number -> set.set(value.signal)
                    is InputValue.OfScore -> known[value.score].forEach(set::set)
                    else -> Unit
                }
            }
            known[score] = set.toArray()
        }
        return known
    }

    private fun BitSet.addSignals(node: Int, ofScores: Array<IntArray>) {
        when (kinds[node]) {
            NodeKind.LEAF -> set(signals[node])
            NodeKind.MEMBER -> projections.partitions[sources[node]].members.forEach(::set)
            NodeKind.OUTPUT -> ofScores[projections.mappings[sources[node]].score].forEach(::set)
            NodeKind.AND, NodeKind.OR, NodeKind.NOT -> Unit
        }
    }

    private fun canBlock(score: Int, ofScores: BooleanArray): Boolean =
        projections.scores[score].inputs.withIndex().any { (place, input) ->
            when (val value = input.value) {
                is InputValue.Number -> value.onError == OnError.BLOCK
                is InputValue.OfScore -> ofScores[value.score]
                else -> inputNodes[score][place].any { onErrors[it] == OnError.BLOCK }
            }
        }

    private fun weighs(node: Int, below: BooleanArray): Boolean =
        when {
            semantics == ConfidenceSemantics.SEED -> true
            kinds[node] == NodeKind.NOT -> false
            kinds[node] == NodeKind.AND || kinds[node] == NodeKind.OR -> childrenOf(node).any { below[it] }
            else -> true
        }

    private fun inverse(signalsOf: Array<IntArray>): Array<IntArray> =
        Array(signalCount) { signal -> signalsOf.indices.filter { signal in signalsOf[it] }.toIntArray() }
}

private fun ruleOf(value: InputValue): Rule? =
    when (value) {
        is InputValue.Flag -> value.rule
        is InputValue.Confidence -> value.rule
        is InputValue.Number, is InputValue.OfScore -> null
    }

private fun BitSet.toArray(): IntArray = stream().toArray()

/** [RuleNodes] while they are laid out. */
private class NodeList(private val signalCount: Int) {
    val kinds = mutableListOf<NodeKind>()
    val signals = mutableListOf<Int>()
    val predicates = mutableListOf<Predicate?>()
    val onErrors = mutableListOf<OnError>()
    val labels = mutableListOf<String?>()
    val sources = mutableListOf<Int>()
    val places = mutableListOf<Int>()
    val firstChild = mutableListOf<Int>()
    val nextSibling = mutableListOf<Int>()

    /** Lays out [rule] after its children and returns its node. */
    fun add(rule: Rule): Int =
        when (rule) {
            is Rule.Leaf -> addLeaf(rule)
            is Rule.Output -> append(NodeKind.OUTPUT, onError = rule.onError, source = rule.mapping, place = rule.output)
            is Rule.Member -> append(NodeKind.MEMBER, onError = rule.onError, source = rule.partition, place = rule.member)
            is Rule.And -> addInner(NodeKind.AND, rule.children)
            is Rule.Or -> addInner(NodeKind.OR, rule.children)
            is Rule.Not -> addInner(NodeKind.NOT, listOf(rule.child))
        }

    private fun addLeaf(leaf: Rule.Leaf): Int {
        require(leaf.signal in 0 until signalCount) { "a condition names signal ${leaf.signal}; there are $signalCount" }
        val node = append(NodeKind.LEAF, onError = leaf.onError)
        signals[node] = leaf.signal
        predicates[node] = leaf.predicate
        labels[node] = leaf.label
        return node
    }

    private fun addInner(kind: NodeKind, rules: List<Rule>): Int {
        val children = rules.map(::add)
        val node = append(kind)
        firstChild[node] = children.firstOrNull() ?: -1
        children.zipWithNext { child, next -> nextSibling[child] = next }
        return node
    }

    private fun append(kind: NodeKind, onError: OnError = OnError.NO_MATCH, source: Int = -1, place: Int = -1): Int {
        kinds += kind
        signals += -1
        predicates += null
        onErrors += onError
        labels += null
        sources += source
        places += place
        firstChild += -1
        nextSibling += -1
        return kinds.lastIndex
    }
}
