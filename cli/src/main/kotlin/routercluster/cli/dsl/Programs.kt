package routercluster.cli.dsl

import routercluster.cli.Failure
import routercluster.cli.LoadPolicy
import routercluster.cli.counted
import routercluster.cli.readText
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.Problem
import routercluster.policy.dsl.Hint
import routercluster.policy.dsl.Level
import routercluster.policy.dsl.Parsed
import routercluster.policy.dsl.ReadYaml
import routercluster.policy.dsl.WrittenDocument
import routercluster.policy.dsl.Yaml
import routercluster.policy.dsl.check
import routercluster.policy.dsl.compile
import routercluster.policy.dsl.over
import routercluster.policy.dsl.parseProgram
import routercluster.policy.dsl.readYaml
import routercluster.policy.dsl.render
import java.nio.file.Path

internal fun readProgram(path: Path): Parsed = parseProgram(readText(path), "$path")

/** @throws Failure with every problem of [path] */
internal fun readDocument(path: Path): Yaml.Mapping =
    when (val read = readYaml(readText(path), "$path")) {
        is ReadYaml.Document -> read.root
        is ReadYaml.Refused -> throw Failure(read.problems.joinToString("\n"))
    }

/** Whether a program of which this is said can be used. */
internal val Hint.isFatal: Boolean get() = level != Level.WARNING

/**
 * The program in [path], where nothing keeps it from being used.
 *
 * @param warn is told what does not
 * @throws Failure with everything that does
 */
internal fun usableProgram(path: Path, warn: (String) -> Unit): Parsed {
    val parsed = readProgram(path)
    val (fatal, others) = check(parsed).partition { it.isFatal }
    others.forEach { warn(it.render(parsed.source)) }
    if (fatal.isNotEmpty()) throw Failure(told(parsed, fatal, emptyList()))
    return parsed
}

internal fun told(parsed: Parsed, hints: List<Hint>, problems: List<Problem>): String =
    (hints.map { it.render(parsed.source) } + problems.map { it.render(parsed.source) })
        .joinToString("\n", postfix = "\n${parsed.source.file}: ${counted(hints.size + problems.size, "problem")}")

/** The document of [parsed], in the place of the same parts of [base] where there is one. */
internal fun compiled(parsed: Parsed, base: Path?): Yaml.Mapping {
    val document = compile(parsed.program, parsed.source)
    return if (base == null) document else document.over(readDocument(base))
}

/**
 * Proves the policy of [parsed] over [base], beside which the files lie that it refers to.
 *
 * @throws InvalidPolicy with problems placed where what they are about was written: in the program or in [base]
 */
internal fun LoadPolicy.fromProgram(parsed: Parsed, base: Path, environment: (String) -> String?): Policy {
    val written = WrittenDocument(compiled(parsed, base))
    return try {
        this(written.text, "$base", environment)
    } catch (e: InvalidPolicy) {
        throw InvalidPolicy(e.problems.map(written::trace))
    }
}
