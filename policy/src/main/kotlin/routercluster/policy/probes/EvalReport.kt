package routercluster.policy.probes

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.Decision
import routercluster.policy.Policy
import routercluster.policy.Recipe
import routercluster.policy.config.raw.KB_METRIC
import routercluster.policy.decisions.Matches
import routercluster.policy.signals.SignalRef
import java.util.Locale

/**
 * What came of all probes of a file.
 *
 * @property results in the order of the file
 */
class EvalReport(private val file: ProbeFile, private val policy: Policy, val results: List<ProbeResult>) {
    val passed: Int = results.count { it.passed }
    val failed: Int = results.size - passed

    private val byGroup = results.groupBy { it.probe.group }
    private val groupsPassed = byGroup.values.count { group -> group.all { it.passed } }

    /** What the file asks for and is not met, in words. */
    val shortfalls: List<String> = listOfNotNull(
        short("probes passed", share(passed, results.size), file.acceptance.probes),
        short("decisions whose probes all passed", share(groupsPassed, byGroup.size), file.acceptance.decisions),
        short("signals are asserted by a probe", asserted(::signalsOf), file.coverage.signalPercent),
        short("outputs of projections are asserted by a probe", asserted(::outputsOf), file.coverage.projectionPercent),
        short("decisions have their algorithm asserted", ofDecisions({ true }) { it.algorithm != null }, file.coverage.algorithmPercent),
        short(
            "decisions with plugins have them asserted",
            ofDecisions({ it.written.plugins.isNotEmpty() }) { it.plugins != null },
            file.coverage.pluginPercent,
        ),
    ) + shapes() + tags()

    fun toJson(): ObjectNode {
        val json = JsonNodeFactory.instance.objectNode()
        json.put("name", file.name).put("passed", passed).put("failed", failed)
        json.put("without_encoder", results.count { !it.askedEncoders })
        val recipes = json.putArray("recipes")
        tallies().forEach { tally ->
            recipes
                .addObject()
                .put("recipe", tally.recipe)
                .put("probes", tally.all.size)
                .put("passed", tally.all.count { it.passed })
                .put("decided", tally.all.count { it.isDecidedRight })
                .put("without_encoder", tally.plain.size)
                .put("without_encoder_decided", tally.plain.count { it.isDecidedRight })
                .put("without_encoder_passed", tally.plain.count { it.passed })
        }
        json.putArray("shortfalls").apply { shortfalls.forEach(::add) }
        val probes = json.putArray("probes")
        results.forEach { result ->
            val entry =
                probes
                    .addObject()
                    .put("id", result.probe.name)
                    .put("passed", result.passed)
                    .put("recipe", result.recipe)
                    .put("decision", result.decision)
                    .put("expected_decision", result.probe.decision)
                    .put("asked_encoders", result.askedEncoders)
            entry.putArray("differences").apply { result.differences.forEach(::add) }
        }
        return json
    }

    /** For a terminal: what failed and why, a line per recipe, and the total as the last line. */
    fun render(): String =
        buildString {
            results.filterNot { it.passed }.forEach { result ->
                append("FAILED ${result.probe.name} (line ${result.probe.at.line})\n")
                result.differences.forEach { append("  ${it.replace('\n', ' ')}\n") }
            }
            if (failed > 0) append('\n')
            tallies().forEach { tally -> append("${tally.recipe}: ${words(tally.all)}; without an encoder: ${words(tally.plain)}\n") }
            append("no encoder was needed for ${percent(share(results.count { !it.askedEncoders }))} of the decisions\n")
            shortfalls.forEach { append("not met: $it\n") }
            append("$passed passed, $failed failed")
        }

    private fun words(results: List<ProbeResult>) =
        "${results.count { it.passed }} of ${results.size} passed, ${results.count { it.isDecidedRight }} decided as expected"

    private class Tally(val recipe: String, val all: List<ProbeResult>) {
        val plain = all.filterNot { it.askedEncoders }
    }

    private fun tallies() = results.groupBy { it.recipe ?: "none" }.map { (recipe, all) -> Tally(recipe, all) }

    /** The share of what the recipes define, as far as probes were decided by them, that some probe asserts. */
    private fun asserted(defined: (Recipe) -> List<SignalRef>): Double {
        val byRecipe = results.filter { it.recipe in policy.recipes }.groupBy { policy.recipes.getValue(it.recipe.orEmpty()) }
        val counts =
            byRecipe.map { (recipe, its) ->
                val names = its.flatMapTo(mutableSetOf()) { namesIn(it.probe) }
                val all = defined(recipe)
                all.count { it in names } to all.size
            }
        return share(counts.sumOf { it.first }, counts.sumOf { it.second })
    }

    /** The share of the decisions [which] that are expected by a probe that [asserts]. */
    private fun ofDecisions(which: (Decision) -> Boolean, asserts: (Probe) -> Boolean): Double {
        val asserted = results.map { it.probe }.filter(asserts).mapNotNullTo(mutableSetOf()) { it.decision }
        val decisions = results
            .mapNotNull { policy.recipes[it.recipe] }
            .distinct()
            .flatMap { it.decisions }
            .filter(which)
        return share(decisions.count { it.name in asserted }, decisions.size)
    }

    private fun namesIn(probe: Probe): List<SignalRef> =
        (probe.expected.entries + probe.forbidden.entries).flatMap { (type, names) ->
            names.flatMap { listOf(SignalRef(type, it), SignalRef(type, it.substringBeforeLast(':'))) }
        }

    /** Outputs count among the signals, as conditions name both. */
    private fun signalsOf(recipe: Recipe): List<SignalRef> =
        recipe.signals.map { it.ref }.filter { it.type != KB_METRIC } + outputsOf(recipe)

    private fun outputsOf(recipe: Recipe): List<SignalRef> =
        recipe.projections.mappings.flatMap { mapping -> mapping.outputs.map { SignalRef(Matches.PROJECTION, it.name) } }

    private fun shapes(): List<String> {
        val there = results.flatMapTo(mutableSetOf()) { shapesOf(it.probe.request) }
        return file.coverage.shapes
            .filter { it !in there }
            .map { "no probe has the shape $it" }
    }

    private fun shapesOf(request: ProbeRequest): List<String> =
        listOfNotNull(
            "text".takeIf { request.query != null },
            "messages".takeIf { request.messages != null },
            "tools".takeIf {
                request.tools !=
                    null
            },
        )

    private fun tags(): List<String> {
        val counts =
            file.coverage.tagCounts.mapNotNull { (tag, least) ->
                val count = tagged(tag).size
                "$count probes have the tag $tag, at least $least are wanted".takeIf { count < least }
            }
        val rates =
            file.coverage.tagPassRates.mapNotNull { (tag, least) ->
                val probes = tagged(tag)
                short("probes tagged $tag passed", share(probes.count { it.passed }, probes.size), least)
            }
        return counts + rates
    }

    private fun tagged(tag: String) = results.filter { isTagged(it.probe, tag) }

    /** A tag stands for those that refine it: `negative` for `negative:fanout`. Some follow from the request or are written short. */
    private fun isTagged(probe: Probe, tag: String): Boolean =
        probe.tags.any { it == tag || it.startsWith("$tag:") } ||
            when (tag) {
                "language" -> probe.tags.any { it.length == LANGUAGE_CODE_CHARS }
                "tools" -> probe.request.tools != null
                "multi_turn" -> probe.request.messages != null
                else -> false
            }

    private fun share(count: Int, of: Int = results.size): Double = if (of == 0) 100.0 else 100.0 * count / of

    private fun short(what: String, actual: Double, least: Double): String? =
        if (actual >= least) null else "${percent(actual)} of $what, at least ${percent(least)} wanted"

    private fun percent(share: Double) = String.format(Locale.ROOT, "%.1f %%", share)

    private companion object {
        const val LANGUAGE_CODE_CHARS = 2
    }
}
