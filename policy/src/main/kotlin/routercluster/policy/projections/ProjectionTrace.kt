package routercluster.policy.projections

import routercluster.policy.decisions.Truth

/** What projections made of one request, in the order of the file but for scores, which stand behind what they add up. */
data class ProjectionTrace(
    val partitions: List<PartitionNote> = emptyList(),
    val scores: List<ScoreNote> = emptyList(),
    val mappings: List<MappingNote> = emptyList(),
) {
    val isEmpty: Boolean get() = partitions.isEmpty() && scores.isEmpty() && mappings.isEmpty()

    /** The outputs that hold. */
    val outputs: List<OutputNote> get() = mappings.flatMap { it.outputs }.filter { it.truth == Truth.TRUE }

    companion object {
        val NONE = ProjectionTrace()
    }
}

/**
 * @property winner null while a member was not read, and where all failed
 * @property byDefault whether [winner] holds because no member matched
 * @property matched the members that matched, with their own confidences
 */
data class PartitionNote(
    val name: String,
    val winner: String?,
    val confidence: Double,
    val byDefault: Boolean,
    val matched: Map<String, Double>,
)

/** @property value null where what was read leaves it open */
data class ScoreNote(val name: String, val value: Double?, val inputs: List<InputNote>)

/** @property value null where it was not read, or failed */
data class InputNote(val name: String, val weight: Double, val value: Double?) {
    val contribution: Double? get() = value?.let { it * weight }
}

data class MappingNote(val name: String, val score: String, val outputs: List<OutputNote>)

/** @property confidence meaningful for [Truth.TRUE]; the least that is certain */
data class OutputNote(val name: String, val truth: Truth, val confidence: Double)
