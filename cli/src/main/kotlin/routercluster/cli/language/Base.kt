package routercluster.cli.language

import com.github.ajalt.clikt.core.UsageError
import routercluster.cli.Failure
import routercluster.cli.LintPolicy
import routercluster.cli.LoadPolicy
import routercluster.cli.dsl.compiled
import routercluster.cli.dsl.isFatal
import routercluster.cli.dsl.readDocument
import routercluster.cli.readText
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.Problem
import routercluster.policy.dsl.Parsed
import routercluster.policy.dsl.WrittenDocument
import routercluster.policy.dsl.check
import routercluster.policy.dsl.decompile
import routercluster.policy.dsl.parseProgram
import routercluster.policy.dsl.render
import routercluster.policy.dsl.writeProgram
import routercluster.policy.language.Judgement
import java.nio.file.Path

private const val PROGRAM_ENDING = ".dsl"

/** What messages call a changed program; a model is told no path of this machine. */
private const val DRAFT = "draft"

/** How programs become policies, and what is said of them. */
internal class Proving(val load: LoadPolicy, val lint: LintPolicy, val environment: (String) -> String?)

/**
 * The policy that a request in words is about, as a program.
 *
 * @property file what was named, a program or a policy file
 * @property document the policy file with the models
 * @property written the text of [file] as it was read
 */
internal class Base(
    val file: Path,
    private val document: Path,
    val written: String,
    val program: Parsed,
    private val proving: Proving,
) {
    private val isProgram = file != document

    /** Throws [Failure] where the base itself is no valid policy. */
    val policy: Policy =
        prove(program).let { proven ->
            proven.policy
                ?: throw Failure("the base is no valid policy, so nothing can be made of it\n" + proven.problems.joinToString("\n"))
        }

    private val known = remarks(program, policy).map { it.second }.toSet()

    /** What a router would say of [text], a changed program; what it says of the base too is left out where it does no harm. */
    fun judge(text: String): Judgement {
        val parsed = parseProgram(text, DRAFT)
        val proven = prove(parsed)
        if (proven.policy == null) return Judgement(proven.problems, emptyList())
        return Judgement(emptyList(), remarks(parsed, proven.policy).filter { it.second !in known }.map { it.first })
    }

    fun policyOf(text: String): Policy = checkNotNull(prove(parseProgram(text, DRAFT)).policy) { "was proven before" }

    /** What [file] would hold with [text] as its program. */
    fun fileWith(text: String): String =
        if (isProgram) text else WrittenDocument(compiled(parseProgram(text, DRAFT), document)).text

    private class Proven(val policy: Policy?, val problems: List<String>)

    private fun prove(parsed: Parsed): Proven {
        val fatal = check(parsed).filter { it.isFatal }
        if (fatal.isNotEmpty()) return Proven(null, fatal.map { it.render(parsed.source) })
        val whole = WrittenDocument(compiled(parsed, document))
        return try {
            Proven(proving.load(whole.text, "$document", proving.environment), emptyList())
        } catch (e: InvalidPolicy) {
            Proven(null, e.problems.map { whole.trace(it).render(parsed.source) })
        }
    }

    /** What can hardly be meant, with and without its place. */
    private fun remarks(parsed: Parsed, policy: Policy): List<Pair<String, String>> {
        val whole = WrittenDocument(compiled(parsed, document))
        val warnings = check(parsed).filterNot { it.isFatal }.map { it.render(parsed.source) to it.message }
        val findings =
            proving.lint(policy, "$document", proving.environment).map { finding ->
                val said = "${finding.message} (${finding.rule.label})"
                whole.trace(Problem(finding.at, said)).render(parsed.source) to said
            }
        return warnings + findings
    }
}

/**
 * Reads [file] as the policy to change.
 *
 * @param providers with a program, the policy file whose models it goes with
 */
internal fun baseIn(file: Path, providers: Path?, proving: Proving): Base {
    val written = readText(file)
    if ("$file".endsWith(PROGRAM_ENDING)) {
        val document =
            providers ?: throw UsageError("a program has no models of its own: give a policy file that has with --providers FILE.yaml")
        return Base(file, document, written, parseProgram(written, "$file"), proving)
    }
    if (providers != null) throw UsageError("--providers goes with a program; $file is a whole policy already")
    val decompiled = decompile(readDocument(file))
    if (decompiled.problems.isNotEmpty()) throw Failure(decompiled.problems.joinToString("\n"))
    return Base(file, file, written, parseProgram(writeProgram(decompiled.program), "$file (as a program)"), proving)
}
