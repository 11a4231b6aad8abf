package routercluster.policy.signals

import com.google.re2j.Pattern

/** What a character stands for where case does not matter: what RE2/J says, so that nobody else's tables have to agree with its own. */
internal object CaseVariants {
    private const val LAST = 0x1FFFF

    /** Characters that differ in case at most, and a few more, which RE2/J is asked about. */
    private val groups: Map<Int, List<Int>> by lazy {
        (0..LAST)
            .filter { keyOf(it) != it || Character.toUpperCase(it) != it }
            .groupBy(::keyOf)
            .mapValues { (key, group) -> (group + key).distinct() }
    }

    fun of(codePoint: Int): Set<Int> {
        val similar = groups[keyOf(codePoint)] ?: return setOf(codePoint)
        val pattern = Pattern.compile(Pattern.quote(Character.toString(codePoint)), Pattern.CASE_INSENSITIVE)
        return similar.filterTo(mutableSetOf(codePoint)) { pattern.matches(Character.toString(it)) }
    }

    private fun keyOf(codePoint: Int): Int = Character.toLowerCase(Character.toUpperCase(codePoint))
}
