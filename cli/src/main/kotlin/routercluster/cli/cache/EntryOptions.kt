package routercluster.cli.cache

import com.github.ajalt.clikt.parameters.groups.OptionGroup
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.choice

/** Which kept answers are meant, as options of a command. What is not said may be anything. */
internal class EntryOptions : OptionGroup() {
    private val recipe by option("--recipe", metavar = "NAME").help("those of this recipe")
    private val decision by option("--decision", metavar = "NAME").help("those of decisions of this name")
    private val model by option("--model", metavar = "NAME").help("those that this model gave")
    private val scope by option("--scope").choice("user", "team", "tenant", "global").help("those of one user, team or tenant, or of all")
    private val tenant by option("--tenant", metavar = "NAME").help("of which tenant, with --scope")
    private val team by option("--team", metavar = "NAME").help("of which team, with --scope team")
    private val user by option("--user", metavar = "NAME").help("of which user, with --scope user")
    private val keptBefore by option("--kept-before", metavar = "TIME").help("those kept before, such as 2026-01-31T12:00:00Z")
    private val id by option("--id", metavar = "ID").help("the one of this id")

    /** Names of the admin API to values, of what was said. */
    val said: Map<String, String>
        get() = listOf(
            "recipe" to recipe,
            "decision" to decision,
            "model" to model,
            "scope" to scope,
            "tenant" to tenant,
            "team" to team,
            "user" to user,
            "kept_before" to keptBefore,
            "id" to id,
        ).mapNotNull { (name, value) -> value?.let { name to it } }.toMap()
}
