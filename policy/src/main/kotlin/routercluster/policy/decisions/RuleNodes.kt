package routercluster.policy.decisions

import routercluster.policy.signals.OnError

internal enum class NodeKind { LEAF, AND, OR, NOT }

/**
 * The rules of all decisions as one flat array of nodes. A decision's nodes stand together, children before parents, so one
 * forward pass settles them without recursion.
 */
internal class RuleNodes(rules: List<Rule>, val signalCount: Int) {
    private val built = NodeList(signalCount)

    /** First node of each decision. */
    val starts = IntArray(rules.size)

    /** Last node of each decision: its rule's root. */
    val roots = IntArray(rules.size)

    init {
        rules.forEachIndexed { decision, rule ->
            starts[decision] = built.kinds.size
            roots[decision] = built.add(rule)
        }
    }

    val kinds: Array<NodeKind> = built.kinds.toTypedArray()

    /** Per leaf its signal; -1 elsewhere. */
    val signals: IntArray = built.signals.toIntArray()
    val predicates: Array<Predicate?> = built.predicates.toTypedArray()
    val onErrors: Array<OnError> = built.onErrors.toTypedArray()
    val labels: Array<String?> = built.labels.toTypedArray()

    /** Per node its first child and its next sibling; -1 ends a list. */
    val firstChild: IntArray = built.firstChild.toIntArray()
    val nextSibling: IntArray = built.nextSibling.toIntArray()

    /** Per signal the decisions whose rule reads it, ascending: the only ones a new reading can move. */
    val readers: Array<IntArray> =
        Array(signalCount) { signal ->
            rules.indices.filter { decision -> (starts[decision]..roots[decision]).any { signals[it] == signal } }.toIntArray()
        }

    val size: Int get() = kinds.size

    /** For explanations; deciding walks the lists itself. */
    fun childrenOf(node: Int): List<Int> = generateSequence(firstChild[node]) { nextSibling[it] }.takeWhile { it >= 0 }.toList()
}

/** [RuleNodes] while they are laid out. */
private class NodeList(private val signalCount: Int) {
    val kinds = mutableListOf<NodeKind>()
    val signals = mutableListOf<Int>()
    val predicates = mutableListOf<Predicate?>()
    val onErrors = mutableListOf<OnError>()
    val labels = mutableListOf<String?>()
    val firstChild = mutableListOf<Int>()
    val nextSibling = mutableListOf<Int>()

    /** Lays out [rule] after its children and returns its node. */
    fun add(rule: Rule): Int =
        when (rule) {
            is Rule.Leaf -> addLeaf(rule)
            is Rule.And -> addInner(NodeKind.AND, rule.children)
            is Rule.Or -> addInner(NodeKind.OR, rule.children)
            is Rule.Not -> addInner(NodeKind.NOT, listOf(rule.child))
        }

    private fun addLeaf(leaf: Rule.Leaf): Int {
        require(leaf.signal in 0 until signalCount) { "a condition names signal ${leaf.signal}; there are $signalCount" }
        return append(NodeKind.LEAF, leaf.signal, leaf.predicate, leaf.onError, leaf.label)
    }

    private fun addInner(kind: NodeKind, rules: List<Rule>): Int {
        val children = rules.map(::add)
        val node = append(kind, signal = -1, predicate = null, OnError.NO_MATCH, label = null)
        firstChild[node] = children.firstOrNull() ?: -1
        children.zipWithNext { child, next -> nextSibling[child] = next }
        return node
    }

    private fun append(kind: NodeKind, signal: Int, predicate: Predicate?, onError: OnError, label: String?): Int {
        kinds += kind
        signals += signal
        predicates += predicate
        onErrors += onError
        labels += label
        firstChild += -1
        nextSibling += -1
        return kinds.lastIndex
    }
}
