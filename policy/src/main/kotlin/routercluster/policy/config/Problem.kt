package routercluster.policy.config

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

/** Collects problems while a file is read and proven; reading goes on after each so that all are found at once. */
class Problems {
    private val found = mutableListOf<Problem>()

    val all: List<Problem> get() = found.sortedWith(compareBy({ it.at.line }, { it.at.column }, { it.at.path }))

    val none: Boolean get() = found.isEmpty()

    fun add(problem: Problem) {
        found += problem
    }

    fun add(at: Location, message: String, value: String? = null, accepted: String? = null, suggestion: String? = null) =
        add(Problem(at, message, value, accepted, suggestion))
}

/** A policy file that cannot be used. Its message lists every problem, one a line. */
class InvalidPolicy(val problems: List<Problem>) : Exception(problems.joinToString("\n"))
