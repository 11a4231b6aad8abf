package routercluster.policy.probes

import com.fasterxml.jackson.databind.JsonNode
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.formatSignals
import routercluster.policy.config.readDocument

/**
 * Requests and what a policy must make of them.
 *
 * @property imageFixtures by name, as data URIs
 */
class ProbeFile(
    val name: String,
    val concurrency: Int?,
    val acceptance: Acceptance,
    val coverage: Coverage,
    val imageFixtures: Map<String, String>,
    val probes: List<Probe>,
)

/** Least shares in percent of what must pass. */
data class Acceptance(val probes: Double = 100.0, val decisions: Double = 100.0)

/**
 * What the probes of a file must cover: least shares in percent, and counts.
 *
 * @property tagPassRates the least share in percent that must pass of the probes with a tag
 */
class Coverage(
    val signalPercent: Double = 0.0,
    val projectionPercent: Double = 0.0,
    val algorithmPercent: Double = 0.0,
    val pluginPercent: Double = 0.0,
    val shapes: List<String> = emptyList(),
    val tagCounts: Map<String, Int> = emptyMap(),
    val tagPassRates: Map<String, Double> = emptyMap(),
)

/**
 * One request and what is expected of it.
 *
 * @property group the entry of `decisions` that it belongs to
 * @property expected by condition type, names that must match; [forbidden] those that must not
 */
class Probe(
    val group: String,
    val id: String,
    val at: Location,
    val model: String?,
    val request: ProbeRequest,
    val recipe: String?,
    val decision: String?,
    val algorithm: String?,
    val plugins: List<String>?,
    val alias: String?,
    val expected: Map<String, List<String>>,
    val forbidden: Map<String, List<String>>,
    val tags: List<String>,
) {
    val name: String get() = "$group/$id"
}

/** What a probe asks: either [query] or [messages]. */
class ProbeRequest(
    val query: String?,
    val messages: JsonNode?,
    val tools: JsonNode?,
    val repeat: Int,
    val padding: Padding?,
    val generated: GeneratedText?,
)

/** [repeat] lines of [text], [linesBefore] of them before the query and the others behind it. */
class Padding(val text: String, val repeat: Int, val linesBefore: Int)

/** A run of [character] as a part of one message, so that the texts of that message together have [bytes]. */
class GeneratedText(val message: Int, val content: Int, val bytes: Int, val character: String)

private const val SCHEMA_VERSION = "v1"
private const val REPEAT_MAX = 1_000_000
private const val GENERATED_BYTES_MAX = 64 * 1024 * 1024
private val percents = 0.0..100.0

/**
 * Reads a probe file of the seed's format.
 *
 * @throws InvalidPolicy with every problem of the file
 */
fun readProbes(text: String, file: String): ProbeFile {
    val problems = Problems()
    val probes = readDocument(text, file, null, problems)?.let(::readFile)
    if (!problems.none || probes == null) throw InvalidPolicy(problems.all)
    return probes
}

private fun readFile(root: Section): ProbeFile {
    val version = root.requiredText("schema_version")
    if (version != null && version.value != SCHEMA_VERSION) {
        root.problems.add(version.at, "is not a version that can be read", version.value, SCHEMA_VERSION)
    }
    listOf("description", "router_eval_endpoint").forEach(root::string)
    root.json("routing_assets")
    val evaluation = root.section("evaluation")
    evaluation?.int("request_timeout_seconds", 1..86_400)
    val images = root.section("fixtures")?.section("images")
    val probes = root.sections("decisions").flatMap(::readGroup)
    if (probes.isEmpty()) root.problems.add(root.at("decisions"), "has no probes", accepted = "at least one decision with a variant")
    return ProbeFile(
        root.requiredString("name"),
        evaluation?.int("concurrency", 1..1_024),
        root.section("acceptance")?.let(::readAcceptance) ?: Acceptance(),
        root.section("coverage")?.let(::readCoverage) ?: Coverage(),
        images
            ?.let { section ->
                section.keys.mapNotNull { name -> section.section(name)?.let { name to readImage(it) } }.toMap()
            }.orEmpty(),
        probes,
    ).also { root.close() }
}

private fun readImage(section: Section): String {
    listOf("description", "sha256").forEach(section::string)
    val data = section.requiredString("data_base64").filterNot { it.isWhitespace() }
    return "data:${section.requiredString("media_type")};base64,$data"
}

private fun readAcceptance(section: Section) =
    Acceptance(
        section.double("min_probe_pass_rate", percents) ?: Acceptance().probes,
        section.double("min_decision_pass_rate", percents) ?: Acceptance().decisions,
    )

private fun readCoverage(section: Section): Coverage {
    val counts = section.section("min_tag_counts")
    val rates = section.section("min_tag_pass_rate")
    return Coverage(
        section.double("min_signal_assertion_percent", percents) ?: 0.0,
        section.double("min_projection_assertion_percent", percents) ?: 0.0,
        section.double("min_algorithm_assertion_percent", percents) ?: 0.0,
        section.double("min_plugin_assertion_percent", percents) ?: 0.0,
        section.strings("required_request_shapes"),
        counts?.let { it.keys.mapNotNull { tag -> it.int(tag, 0..REPEAT_MAX)?.let { count -> tag to count } }.toMap() }.orEmpty(),
        rates?.let { it.keys.mapNotNull { tag -> it.double(tag, percents)?.let { rate -> tag to rate } }.toMap() }.orEmpty(),
    )
}

/** What a group says holds for each of its variants; a variant adds signals of its own. */
private fun readGroup(section: Section): List<Probe> {
    val group = section.requiredString("id")
    listOf("objective", "notes").forEach(section::string)
    val model = section.string("model")
    val recipe = section.string("expected_recipe")
    val decision = section.string("expected_decision")
    val algorithm = section.string("expected_algorithm")
    val plugins = if (section.has("expected_plugins")) section.strings("expected_plugins") else null
    val alias = section.string("expected_alias")
    val expected = readSignals(section, "expected_signals")
    val forbidden = readSignals(section, "forbidden_signals")
    return section.sections("variants").map { variant ->
        listOf("display_prompt", "notes").forEach(variant::string)
        variant.json("playground")
        Probe(
            group,
            variant.requiredString("id"),
            variant.here,
            variant.string("model") ?: model,
            readRequest(variant),
            recipe,
            decision,
            algorithm,
            plugins,
            alias,
            expected + readSignals(variant, "expected_signals"),
            forbidden + readSignals(variant, "forbidden_signals"),
            variant.strings("tags"),
        )
    }
}

/** Families may be called by their list in the policy or by the type that conditions use. */
private fun readSignals(section: Section, key: String): Map<String, List<String>> {
    val signals = section.section(key) ?: return emptyMap()
    return signals.keys.associate { (formatSignals[it] ?: it) to signals.strings(it) }
}

private fun readRequest(section: Section): ProbeRequest {
    val query = section.string("query")
    val messages = section.json("messages")
    if ((query == null) == (messages == null)) {
        section.problems.add(section.here, "needs either query or messages")
    }
    if (messages != null && !messages.isArray) section.problems.add(section.at("messages"), "wrong type", accepted = "a list")
    return ProbeRequest(
        query,
        messages,
        section.json("tools"),
        section.int("repeat", 1..REPEAT_MAX) ?: 1,
        section.section("padding")?.let(::readPadding),
        section.section("generated_text")?.let(::readGenerated),
    )
}

private fun readPadding(section: Section): Padding {
    val placements = mapOf<String, (Int) -> Int>("before" to { it }, "after" to { 0 }, "around" to { it / 2 })
    val repeat = section.int("repeat", 1..REPEAT_MAX) ?: 1
    val linesBefore = section.oneOf("placement", placements) ?: { 0 }
    return Padding(section.requiredString("text"), repeat, linesBefore(repeat))
}

private fun readGenerated(section: Section) =
    GeneratedText(
        section.int("message_index", 0..REPEAT_MAX) ?: 0,
        section.int("content_index", 0..REPEAT_MAX) ?: 0,
        section.int("target_text_bytes", 1..GENERATED_BYTES_MAX) ?: 0,
        section.string("character")?.take(1) ?: FILLER,
    )

private const val FILLER = "x"
