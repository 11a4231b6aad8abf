package routercluster.policy.signals

import java.nio.IntBuffer
import java.util.BitSet

/**
 * Tells whether a pattern occurs in a text, as a deterministic automaton whose states are worked out when a text first leads to them
 * and then remembered: each character costs one look into a table, where RE2/J follows all that the pattern could be doing one by one.
 *
 * States and transitions are found by several threads at once without locks; only what is not known yet is worked out under one. What
 * they see of one another may be late but never half done, since a state does not change but for its table.
 */
internal class LazyAutomaton(private val program: PatternProgram) {
    /** @property steps where the pattern may have come to, in order; what is asked of the next character is still open */
    private class State(val steps: IntArray, val before: Int, val isMatch: Boolean, classes: Int) {
        var next = arrayOfNulls<State>(classes)
    }

    /** Characters that no step of the pattern tells apart. */
    private class CharacterClass(val number: Int, val kind: Int, val tokens: BitSet)

    private val classes = mutableListOf<CharacterClass>()
    private val classNumbers = HashMap<Pair<Int, BitSet>, Int>()
    private val pages = arrayOfNulls<ShortArray>(PAGES)
    private val states = HashMap<IntBuffer, State>()
    private val end = addClass(TEXT_EDGE, BitSet())
    private val stamps = IntArray(program.size)
    private var stamp = 0
    private val stack = IntArray(program.size * 2 + 1)

    @Volatile
    private var start: State = first()

    init {
        for (ascii in 0..ASCII_MAX) learn(ascii)
    }

    /** Null where the pattern would need so many states for this text that it is not worth it. */
    fun occursIn(text: String): Boolean? {
        var state = start
        var learned = 0
        var at = 0
        while (true) {
            if (state.isMatch) return true
            val symbol = if (at < text.length) classAt(text, at) else end
            val known = if (symbol < state.next.size) state.next[symbol] else null
            if (known == null && learned++ == LEARNED_MAX) return null
            state = known ?: transition(state, symbol)
            if (symbol == end) return state.isMatch
            at += if (text[at].isHighSurrogate()) Character.charCount(text.codePointAt(at)) else 1
        }
    }

    private fun classAt(text: String, at: Int): Int {
        val unit = text[at]
        if (unit.isHighSurrogate()) {
            val codePoint = text.codePointAt(at)
            if (codePoint > Char.MAX_VALUE.code) return synchronized(program) { numberOf(codePoint) }
        }
        val known = pages[unit.code shr PAGE_BITS]?.get(unit.code and PAGE_MASK) ?: 0
        return if (known > 0) known.toInt() else learn(unit.code)
    }

    private fun learn(unit: Int): Int =
        synchronized(program) {
            val number = numberOf(unit)
            val place = unit shr PAGE_BITS
            val page = pages[place] ?: ShortArray(PAGE_MASK + 1).also { pages[place] = it }
            page[unit and PAGE_MASK] = number.toShort()
            number
        }

    private fun numberOf(codePoint: Int): Int {
        val kind =
            when {
                codePoint == '\n'.code -> BREAK
                codePoint <= ASCII_MAX && (Character.isLetterOrDigit(codePoint) || codePoint == '_'.code) -> WORD
                else -> OTHER
            }
        val tokens = BitSet()
        program.tokens.forEachIndexed { index, token -> if (token.has(codePoint)) tokens.set(index) }
        return classNumbers[kind to tokens] ?: addClass(kind, tokens)
    }

    private fun addClass(kind: Int, tokens: BitSet): Int {
        val number = classes.size
        classes += CharacterClass(number, kind, tokens)
        classNumbers[kind to tokens] = number
        return number
    }

    private fun transition(state: State, symbol: Int): State =
        synchronized(program) {
            val next = work(state, classes[symbol])
            if (symbol >= state.next.size) state.next = state.next.copyOf(classes.size)
            state.next[symbol] = next
            next
        }

    private fun work(state: State, symbol: CharacterClass): State {
        val reached = Steps()
        for (step in state.steps) reached.follow(step) { anchor -> holds(anchor, state.before, symbol.kind) }
        if (reached.anyMatch()) return MATCHED
        val after = Steps()
        after.follow(program.start) { false }
        for (i in 0 until reached.size) {
            val step = reached.all[i]
            if (program.kinds[step] == PatternProgram.EAT &&
                symbol.tokens[program.argument[step]]
            ) {
                after.follow(program.out[step]) { false }
            }
        }
        return stateOf(after.sorted(), symbol.kind)
    }

    private fun first(): State = stateOf(Steps().apply { follow(program.start) { false } }.sorted(), TEXT_EDGE)

    /** Steps that can be come to, each once. Only one of these is filled at a time. */
    private inner class Steps {
        val all = IntArray(program.size)
        var size = 0

        init {
            stamp++
        }

        /** Adds what [from] leads to without eating; steps that ask for a place which is not [passable] stay among them. */
        inline fun follow(from: Int, passable: (Int) -> Boolean) {
            var depth = 0
            stack[depth++] = from
            while (depth > 0) {
                val step = stack[--depth]
                if (stamps[step] == stamp) continue
                stamps[step] = stamp
                when (program.kinds[step]) {
                    PatternProgram.FORK -> {
                        stack[depth++] = program.out[step]
                        stack[depth++] = program.argument[step]
                    }

                    PatternProgram.ASK -> {
                        if (passable(program.argument[step])) stack[depth++] = program.out[step] else all[size++] = step
                    }

                    else -> {
                        all[size++] = step
                    }
                }
            }
        }

        fun anyMatch(): Boolean = (0 until size).any { program.kinds[all[it]] == PatternProgram.MATCH }

        fun sorted(): IntArray = all.copyOf(size).also { it.sort() }
    }

    private fun stateOf(steps: IntArray, before: Int): State {
        val key = IntBuffer.wrap(steps + before)
        if (states.size >= STATES_MAX) {
            states.clear()
            start = State(start.steps, start.before, start.isMatch, classes.size)
        }
        return states.getOrPut(key) { State(steps, before, steps.any { program.kinds[it] == PatternProgram.MATCH }, classes.size) }
    }

    private companion object {
        const val ASCII_MAX = 0x7F
        const val PAGE_BITS = 8
        const val PAGE_MASK = (1 shl PAGE_BITS) - 1
        const val PAGES = (Char.MAX_VALUE.code + 1) shr PAGE_BITS

        /** Of one pattern; they are forgotten when there are more. */
        const val STATES_MAX = 1_000

        /** Transitions worked out for one text. */
        const val LEARNED_MAX = 4_000

        const val OTHER = 0
        const val WORD = 1
        const val BREAK = 2
        const val TEXT_EDGE = 3
        val MATCHED = State(IntArray(0), OTHER, isMatch = true, classes = 0)

        private val anchors = Anchor.entries.toTypedArray()

        fun holds(anchor: Int, before: Int, after: Int): Boolean =
            when (anchors[anchor]) {
                Anchor.TEXT_START -> before == TEXT_EDGE
                Anchor.TEXT_END -> after == TEXT_EDGE
                Anchor.LINE_START -> before == TEXT_EDGE || before == BREAK
                Anchor.LINE_END -> after == TEXT_EDGE || after == BREAK
                Anchor.WORD_EDGE -> (before == WORD) != (after == WORD)
                Anchor.NO_WORD_EDGE -> (before == WORD) == (after == WORD)
            }
    }
}
