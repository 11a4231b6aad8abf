package routercluster.policy.config.prove

import routercluster.policy.config.Problems
import routercluster.policy.config.Text

/** Reports every name of [names] that stood before. [what] says what they name. */
internal fun refuseDuplicates(names: List<Text>, what: String, problems: Problems) {
    val first = mutableMapOf<String, Text>()
    for (name in names) {
        val before = first.putIfAbsent(name.value, name)
        if (before != null) problems.add(name.at, "duplicate $what, first at line ${before.at.line}", name.value)
    }
}
