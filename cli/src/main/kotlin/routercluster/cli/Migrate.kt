package routercluster.cli

import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.types.path
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.Problems
import routercluster.policy.config.migrate.Migration

/**
 * `router migrate`: a policy file of an older format in that of v0.3.
 *
 * @param migrate carries the text of a file over, or reports why it cannot
 */
class Migrate(private val load: LoadPolicy, private val migrate: (String, String, Problems) -> Migration?) :
    Command(
        "migrate",
        "Print a policy file of v0.1 or v0.2 as one of v0.3. What it could not carry over it tells on standard error.",
        listOf("router migrate old.yaml > router.yaml"),
    ) {
    private val file by argument("FILE").path()

    override fun run() {
        val problems = Problems()
        val migration = migrate(readText(file), file.toString(), problems) ?: throw Failure(problems.all.joinToString("\n"))
        echo(migration.text.trimEnd())
        migration.notes.forEach { echo("note: $it", err = true) }
        val wrong = problemsOf(migration.text)
        wrong.forEach { echo(it, err = true) }
        if (wrong.isNotEmpty()) {
            echo("$file: ${counted(wrong.size, "problem")} left in the new file, by its own lines", err = true)
            throw ProgramResult(ExitStatus.REFUSED)
        }
    }

    private fun problemsOf(text: String): List<String> =
        try {
            load(text, "$file", ::environment)
            emptyList()
        } catch (invalid: InvalidPolicy) {
            invalid.problems.map { "$it" }
        }
}
