package routercluster.cli.language

import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.required
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.EvalTask
import routercluster.cli.ExitStatus
import routercluster.cli.Failure
import routercluster.cli.LintPolicy
import routercluster.cli.LoadPolicy
import routercluster.cli.dsl.Decide
import routercluster.cli.pretty
import routercluster.cli.readText
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.nearestName
import routercluster.policy.dsl.expectationsOf
import routercluster.policy.dsl.parseProgram
import routercluster.policy.language.Drafting
import routercluster.policy.language.REPAIRS_MAX
import routercluster.policy.language.REQUEST_CHARS_MAX
import routercluster.policy.language.answered
import routercluster.policy.language.beginDrafting
import routercluster.policy.language.fromTemplates
import routercluster.policy.language.merge
import routercluster.policy.models.Model
import routercluster.policy.probes.EvalReport
import routercluster.policy.probes.ProbeFile
import routercluster.policy.probes.readProbes
import java.nio.file.Path

/** `router compile`: a request in words as a change of a policy. */
internal class CompileWords(
    private val load: LoadPolicy,
    private val lint: LintPolicy,
    private val decide: Decide,
    private val evaluate: (EvalTask) -> EvalReport,
) : Command(
        "compile",
        "Draft a policy from plain words: shows the change and what it does to probes, and writes it only where asked to.",
        listOf(
            "router compile \"send contract questions to the premium model, keep anything with personal data local\" --base router.yaml",
            "router compile \"block jailbreaks\" --base policy.dsl --providers router.yaml --no-llm --apply",
        ),
    ) {
    private val words by argument("TEXT")
    private val file by option("--base", metavar = "FILE", envvar = "ROUTER_CONFIG")
        .path()
        .required()
        .help("the policy to change: a policy file, or a program that ends in .dsl")
    private val providers by option("--providers", metavar = "YAML").path().help("with a program: policy file whose models it goes with")
    private val probes by option(
        "--probes",
        metavar = "FILE",
    ).path().help("probe file that is decided before and after, besides the TEST blocks")
    private val name by option("--model", metavar = "NAME").help("model of the base that drafts; default its default model")
    private val withoutModel by option("--no-llm").flag().help("draft from templates, without a model; docs/dsl.md says what they know")
    private val apply by option("--apply").flag().help("write the change to the base; what stood there stays beside it, ending in .old")
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        if (words.isBlank() || words.length > REQUEST_CHARS_MAX) throw UsageError("TEXT must have 1 to $REQUEST_CHARS_MAX characters")
        val base = baseIn(file, providers, Proving(load, lint, ::environment))
        val probeFile = probes?.let(::probesIn)
        val proposal = compared(base, drafted(base), probeFile)
        val written = if (apply) applied(base, proposal) else null
        if (json) {
            echo(pretty(proposal.toJson().put("applied", written != null)))
        } else {
            echo(proposal.describe())
            echo(written?.let { "\n$file: written; the file before is $it" } ?: "\nnothing is written; --apply writes it to $file")
        }
        if (proposal.draft.notUnderstood.isNotEmpty()) throw ProgramResult(ExitStatus.REFUSED)
    }

    private fun drafted(base: Base): Draft {
        if (withoutModel) return byTemplates(base)
        val model = modelOf(base.policy)
        return try {
            byModel(base, model)
        } catch (away: Unreachable) {
            if (name != null) throw Failure(away.message, ExitStatus.UNREACHABLE)
            echo("${away.message}; drafted from templates", err = true)
            byTemplates(base)
        }
    }

    private fun modelOf(policy: Policy): Model {
        val asked = name ?: return policy.defaultModel
        val names = policy.models.keys
        val nearest = nearestName(asked, names)?.let { "; did you mean $it?" }.orEmpty()
        return policy.models[asked] ?: throw Failure("--model $asked: no such model; accepted: ${names.joinToString()}$nearest")
    }

    private fun byModel(base: Base, model: Model): Draft {
        val asked = AskedModel(model)
        var state: Drafting = beginDrafting(words, base.program, base.policy)
        while (state is Drafting.Asking) state = state.answered(asked.answer(state.turns), base::judge)
        return when (state) {
            is Drafting.Drafted -> Draft(state.text, model.name, state.repairs, state.remarks, emptyList())

            is Drafting.GivenUp -> throw Failure(
                "${model.name} made no valid policy of it in ${REPAIRS_MAX + 1} rounds\n" + state.problems.joinToString("\n"),
            )
        }
    }

    private fun byTemplates(base: Base): Draft {
        val made = fromTemplates(words, base.program.program, base.policy)
        val text = merge(base.program, made.addition)
        val judged = base.judge(text)
        if (judged.problems.isNotEmpty()) {
            throw Failure("what templates made of it is no valid policy\n" + judged.problems.joinToString("\n"))
        }
        val recipes = base.policy.recipes.keys - Policy.DEFAULT_RECIPE
        val untouched = "templates change the recipe ${Policy.DEFAULT_RECIPE} only; as they were: ${recipes.joinToString()}"
        val remarks = judged.remarks + listOfNotNull(untouched.takeIf { recipes.isNotEmpty() })
        return Draft(text, by = null, repairs = 0, remarks, made.notUnderstood)
    }

    private fun compared(base: Base, draft: Draft, probeFile: ProbeFile?): Proposal {
        val changes = ProbeChanges(base.policy, base.policyOf(draft.text))
        val tests = expectationsOf(parseProgram(draft.text, base.program.source.file))
        return Proposal(base, draft, changes.ofTests(tests, decide) + probeFile?.let { changes.ofProbes(it, evaluate) }.orEmpty())
    }

    /** The file that keeps what stood there; null where there was nothing to write. */
    private fun applied(base: Base, proposal: Proposal): Path? {
        val missed = proposal.draft.notUnderstood
        if (missed.isNotEmpty()) {
            val told = missed.joinToString("\n") { "  ${it.text}: ${it.reason}" }
            throw Failure(
                "nothing was written, since the policy would lack what was not understood; say it otherwise or leave it out\n$told",
            )
        }
        return if (proposal.changesNothing) null else replaceFile(file, base.written, base.fileWith(proposal.draft.text))
    }

    private fun probesIn(path: Path): ProbeFile =
        try {
            readProbes(readText(path), "$path")
        } catch (invalid: InvalidPolicy) {
            throw Failure("${invalid.message}")
        }
}
