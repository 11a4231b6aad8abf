package routercluster.policy.signals

import com.google.re2j.Pattern
import com.google.re2j.PatternSyntaxException

/**
 * A [PatternNode] as steps that lead to one another: [kinds] says what a step is, [out] where it leads, [argument] which token it
 * eats, which [Anchor] it asks for, or where else it leads.
 */
internal class PatternProgram private constructor(
    val kinds: ByteArray,
    val out: IntArray,
    val argument: IntArray,
    val start: Int,
    val tokens: List<Token>,
) {
    val size: Int get() = kinds.size

    /** A set of characters. */
    class Token(private val known: Set<Int>?, private val pattern: Pattern?) {
        fun has(codePoint: Int): Boolean = known?.contains(codePoint) ?: (pattern?.matches(Character.toString(codePoint)) ?: false)
    }

    private class Writer {
        val kinds = ArrayList<Byte>()
        val out = ArrayList<Int>()
        val argument = ArrayList<Int>()
        val tokens = LinkedHashMap<PatternNode, Int>()

        fun add(kind: Byte, next: Int, about: Int): Int {
            kinds.add(kind)
            out.add(next)
            argument.add(about)
            return kinds.size - 1
        }

        /** Writes [node] so that it leads on to [next]; its first step. */
        fun write(node: PatternNode, next: Int): Int =
            when (node) {
                is PatternNode.Literal, is PatternNode.AnyOf -> add(EAT, next, tokens.getOrPut(node) { tokens.size })
                is PatternNode.Place -> add(ASK, next, node.anchor.ordinal)
                is PatternNode.Sequence -> node.parts.foldRight(next, ::write)
                is PatternNode.Either -> node.branches.map { write(it, next) }.reduce { one, other -> add(FORK, one, other) }
                is PatternNode.Repeated -> repeated(node, next)
            }

        private fun repeated(node: PatternNode.Repeated, next: Int): Int {
            var entry = next
            if (node.most == null) {
                entry = add(FORK, next, next)
                argument[entry] = write(node.part, entry)
            } else {
                repeat(node.most - node.least) { entry = add(FORK, write(node.part, entry), next) }
            }
            repeat(node.least) { entry = write(node.part, entry) }
            return entry
        }
    }

    companion object {
        const val EAT: Byte = 0
        const val ASK: Byte = 1
        const val FORK: Byte = 2
        const val MATCH: Byte = 3

        /** Null where RE2/J does not take a part of the expression for what it is in the whole. */
        fun of(node: PatternNode): PatternProgram? {
            val writer = Writer()
            val start = writer.write(node, writer.add(MATCH, 0, 0))
            val tokens =
                try {
                    writer.tokens.keys.map(::token)
                } catch (_: PatternSyntaxException) {
                    return null
                }
            return PatternProgram(writer.kinds.toByteArray(), writer.out.toIntArray(), writer.argument.toIntArray(), start, tokens)
        }

        private fun token(node: PatternNode): Token =
            when (node) {
                is PatternNode.Literal -> Token(node.meant, null)
                is PatternNode.AnyOf -> Token(null, Pattern.compile(node.written, node.flags))
                is PatternNode.Place, is PatternNode.Sequence, is PatternNode.Either, is PatternNode.Repeated -> error("$node is no token")
            }

        private val PatternNode.AnyOf.flags: Int
            get() = (if (foldsCase) Pattern.CASE_INSENSITIVE else 0) or (if (dotMatchesBreaks) Pattern.DOTALL else 0)
    }
}
