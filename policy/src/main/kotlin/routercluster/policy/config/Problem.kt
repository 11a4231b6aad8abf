package routercluster.policy.config

import routercluster.policy.config.format.Feature
import routercluster.policy.config.format.Inactive

/**
 * A place in a policy file.
 *
 * @property file the name the file was loaded under, for messages only
 * @property path dotted keys and list indices from the root, e.g. `routing.decisions[2].priority`
 * @property line 1-based
 * @property column 1-based
 */
data class Location(val file: String, val path: String, val line: Int, val column: Int) {
    override fun toString(): String = "$file:$line:$column"
}

/**
 * One thing that is wrong with a policy file. All problems of a file are reported together.
 *
 * @property value the offending value as written, `null` where something is missing; never a secret
 * @property accepted what would be right, in words or as a list of names
 * @property suggestion the nearest known name, where there is one
 */
data class Problem(
    val at: Location,
    val message: String,
    val value: String? = null,
    val accepted: String? = null,
    val suggestion: String? = null,
) {
    override fun toString(): String =
        buildString {
            append(at)
                .append(": ")
                .append(at.path.ifEmpty { "(root)" })
                .append(": ")
                .append(message)
            value?.let { append(" (found ").append(it).append(')') }
            accepted?.let { append("; accepted: ").append(it) }
            suggestion?.let { append("; did you mean ").append(it).append('?') }
        }
}

/**
 * Collects problems while a file is read and proven; reading goes on after each so that all are found at once.
 *
 * Values that came from the environment are shown as the file writes them (`${NAME}`), whoever reports the problem.
 */
class Problems {
    private class Hidden(val path: String, val text: String, val written: String)

    private val found = mutableListOf<Problem>()
    private val noticed = mutableListOf<Problem>()
    private val asked = mutableListOf<Inactive>()
    private val hidden = mutableListOf<Hidden>()

    /** In the order of the file. */
    val all: List<Problem> get() = found.sortedWith(inFileOrder)

    /** What is no fault but should be known, in the order of the file. */
    val notices: List<Problem> get() = noticed.sortedWith(inFileOrder)

    /** What the file asks for and this program does not do yet, in the order of the file. */
    val inactive: List<Inactive> get() = asked.sortedWith(compareBy({ it.at.line }, { it.at.column }))

    val none: Boolean get() = found.isEmpty()

    /** Reading a value twice reports it once. */
    fun add(problem: Problem) {
        presentable(problem).let { if (it !in found) found += it }
    }

    fun add(at: Location, message: String, value: String? = null, accepted: String? = null, suggestion: String? = null) =
        add(Problem(at, message, value, accepted, suggestion))

    /** Notes what does not keep the file from being used. */
    fun notice(at: Location, message: String, value: String? = null) {
        noticed += presentable(Problem(at, message, value))
    }

    /** Notes that the file asks for a [feature] that is not built yet. */
    fun inactive(feature: Feature, at: Location) {
        asked += Inactive(feature, at)
    }

    /** From now on [text] at [path], above it and below it, is shown as [written]. */
    fun hide(path: String, text: String, written: String) {
        hidden += Hidden(path, text, written)
    }

    private fun presentable(problem: Problem): Problem {
        val near = hidden.filter { related(it.path, problem.at.path) }
        return problem.copy(message = asWritten(problem.message, near), value = problem.value?.let { shown(asWritten(it, near)) })
    }

    /** Inside a longer text only what is long enough to be told from ordinary words is replaced. */
    private fun asWritten(text: String, near: List<Hidden>): String =
        near.fold(text) { shown, hide ->
            when {
                shown == hide.text -> hide.written
                hide.text.length >= HIDDEN_CHARS_MIN -> shown.replace(hide.text, hide.written)
                else -> shown
            }
        }

    private fun related(a: String, b: String): Boolean = a.startsWith(b) || b.startsWith(a)

    /** On one line, without what a URL may hold of passwords and keys, and not longer than a message can bear. */
    private fun shown(value: String): String {
        val line = value.map { if (it.isISOControl()) ' ' else it }.joinToString("")
        val safe = urlQuery.replace(urlUser.replace(line, "://***@"), "$1?***")
        return if (safe.length > SHOWN_CHARS_MAX) safe.take(SHOWN_CHARS_MAX) + "…" else safe
    }

    private companion object {
        val inFileOrder = compareBy<Problem>({ it.at.line }, { it.at.column }, { it.at.path })
        val urlUser = Regex("""://[^/\s@]*@""")
        val urlQuery = Regex("""(://[^\s?]*)\?\S*""")
        const val HIDDEN_CHARS_MIN = 4
        const val SHOWN_CHARS_MAX = 120
    }
}

/** A policy file that cannot be used. Its message lists every problem, one a line. */
class InvalidPolicy(val problems: List<Problem>) : Exception(problems.joinToString("\n"))
