package routercluster.policy.decisions

import routercluster.policy.projections.InputNote
import routercluster.policy.projections.MappingNote
import routercluster.policy.projections.OutputNote
import routercluster.policy.projections.Partition
import routercluster.policy.projections.PartitionNote
import routercluster.policy.projections.PartitionOutcome
import routercluster.policy.projections.ProjectionTrace
import routercluster.policy.projections.Projections
import routercluster.policy.projections.ScoreNote

/** What [projections] came to where [standing] stands. */
internal fun traceOf(projections: Projections, standing: Standing): ProjectionTrace {
    if (projections.isEmpty) return ProjectionTrace.NONE
    return ProjectionTrace(
        projections.partitions.mapIndexed { place, it -> noteOf(it, standing.outcomeOf(place)) },
        projections.scores.mapIndexed { place, score ->
            val inputs = score.inputs.mapIndexed { input, it -> InputNote(it.name, it.weight, known(standing.rangeOf(place, input))) }
            ScoreNote(score.name, known(standing.rangeOf(place)), inputs)
        },
        projections.mappings.map { mapping ->
            val range = standing.rangeOf(mapping.score)
            val outputs =
                mapping.outputs.mapIndexed { output, it ->
                    val truth =
                        when {
                            mapping.mustHold(output, range.low, range.high) -> Truth.TRUE
                            !mapping.mayHold(output, range.low, range.high) -> Truth.FALSE
                            else -> Truth.OPEN
                        }
                    val least = if (truth == Truth.TRUE) mapping.leastConfidence(output, range.low, range.high) else 0.0
                    OutputNote(it.name, truth, least)
                }
            MappingNote(mapping.name, projections.scores[mapping.score].name, outputs)
        },
    )
}

private fun noteOf(partition: Partition, outcome: PartitionOutcome?): PartitionNote {
    if (outcome !is PartitionOutcome.Won) return PartitionNote(partition.name, null, 0.0, byDefault = false, emptyMap())
    return PartitionNote(
        partition.name,
        partition.names[outcome.winner],
        outcome.confidence,
        outcome.matched.isEmpty(),
        outcome.matched.mapKeys { partition.names[it.key] },
    )
}

private fun known(range: ValueRange): Double? = range.low.takeIf { range.isFinal && range.low == range.high }
