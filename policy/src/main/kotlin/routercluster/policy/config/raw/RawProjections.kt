package routercluster.policy.config.raw

import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.readBounds
import routercluster.policy.decisions.Predicate

/** A `projections` section as written. */
internal class RawProjections(
    val partitions: List<RawPartition> = emptyList(),
    val scores: List<RawScore> = emptyList(),
    val mappings: List<RawMapping> = emptyList(),
)

/** @property temperature null where the winner keeps its own confidence */
internal class RawPartition(
    val name: Text,
    val temperature: Double?,
    val members: List<Text>,
    val default: Text?,
    val at: Location,
)

internal class RawScore(val name: Text, val inputs: List<RawInput>, val at: Location)

/**
 * @property name null for a metric of a knowledge base, which [base] and [metric] name
 * @property source null where none is written
 */
internal class RawInput(
    val type: Text,
    val name: Text?,
    val base: Text?,
    val metric: Text?,
    val weight: Double,
    val source: ValueSource?,
    val match: Double,
    val miss: Double,
    val at: Location,
)

internal enum class ValueSource { BINARY, CONFIDENCE, RAW, SCORE }

internal class RawMapping(
    val name: Text,
    val source: Text?,
    val firstOnly: Boolean,
    val slope: Double,
    val outputs: List<RawOutput>,
    val at: Location,
)

internal class RawOutput(val name: Text, val band: Predicate)

/** The type of an input that is a metric of a knowledge base. */
internal const val KB_METRIC = "kb_metric"

private const val TEMPERATURE_DEFAULT = 1.0
private const val SLOPE_DEFAULT = 12.0
private val temperatures = 1e-3..1e3
private val slopes = 1e-3..1e6
private val numbers = -1e6..1e6

private val semantics = mapOf("exclusive" to false, "softmax_exclusive" to true)
private val mappingMethods = mapOf("threshold_bands" to true, "multi_emit" to false)
private val valueSources = ValueSource.entries.associateBy { it.name.lowercase() }
private const val WEIGHTED_SUM = "weighted_sum"
private const val SIGMOID_DISTANCE = "sigmoid_distance"

internal fun readProjections(section: Section) =
    RawProjections(
        section.sections("partitions").mapNotNull(::readPartition),
        section.sections("scores").mapNotNull(::readScore),
        section.sections("mappings").mapNotNull(::readMapping),
    )

private fun readPartition(section: Section): RawPartition? {
    val name = section.requiredText("name")
    val isSoftmax = section.oneOf("semantics", semantics) ?: false
    val temperature = section.double("temperature", temperatures) ?: TEMPERATURE_DEFAULT
    val members = section.texts("members")
    if (members.isEmpty()) section.problems.add(section.at("members"), "is required", accepted = "names of domain or of embedding signals")
    val default = section.requiredText("default")
    return name?.let { RawPartition(it, temperature.takeIf { isSoftmax }, members, default, section.here) }
}

private fun readScore(section: Section): RawScore? {
    val name = section.requiredText("name")
    section.oneOf("method", mapOf(WEIGHTED_SUM to WEIGHTED_SUM))
    val inputs = section.sections("inputs")
    if (inputs.isEmpty()) section.problems.add(section.at("inputs"), "is required", accepted = "at least one input")
    val read = inputs.mapNotNull(::readInput)
    return name?.let { RawScore(it, read, section.here) }
}

private fun readInput(section: Section): RawInput? {
    val type = section.requiredText("type")
    val weight = section.double("weight", numbers)
    if (!section.has("weight")) section.problems.add(section.at("weight"), "is required", accepted = "a number")
    val isMetric = type?.value == KB_METRIC
    val input =
        RawInput(
            type ?: Text("", section.here),
            if (isMetric) section.text("name") else section.requiredText("name"),
            if (isMetric) section.requiredText("kb") else null,
            if (isMetric) section.requiredText("metric") else null,
            weight ?: 0.0,
            section.oneOf("value_source", valueSources),
            section.double("match", numbers) ?: 1.0,
            section.double("miss", numbers) ?: 0.0,
            section.here,
        )
    val isWhole = if (isMetric) input.base != null && input.metric != null else input.name != null
    return input.takeIf { type != null && isWhole }
}

private fun readMapping(section: Section): RawMapping? {
    val name = section.requiredText("name")
    val source = section.requiredText("source")
    val firstOnly = section.oneOf("method", mappingMethods) ?: true
    val calibration = section.section("calibration")
    calibration?.oneOf("method", mapOf(SIGMOID_DISTANCE to SIGMOID_DISTANCE))
    val slope = calibration?.double("slope", slopes) ?: SLOPE_DEFAULT
    val outputs = section.sections("outputs")
    if (outputs.size < if (firstOnly) 1 else 2) {
        val accepted = if (firstOnly) "at least one output" else "at least two outputs for multi_emit"
        section.problems.add(section.at("outputs"), "has too few outputs", "${outputs.size}", accepted)
    }
    val read = outputs.mapNotNull(::readOutput)
    return name?.let { RawMapping(it, source, firstOnly, slope, read, section.here) }
}

private fun readOutput(section: Section): RawOutput? {
    val name = section.requiredText("name")
    val band = readBounds(section)
    return if (name == null || band == null) null else RawOutput(name, band)
}
