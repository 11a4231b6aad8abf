package routercluster.policy.record

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.decisions.Truth
import routercluster.policy.decisions.number
import routercluster.policy.projections.InputNote
import routercluster.policy.projections.MappingNote
import routercluster.policy.projections.OutputNote
import routercluster.policy.projections.PartitionNote
import routercluster.policy.projections.ProjectionTrace
import routercluster.policy.projections.ScoreNote

private val nodes = JsonNodeFactory.instance

/** Field names are a contract, as those of the record are. */
fun ProjectionTrace.toJson(): ObjectNode {
    val json = nodes.objectNode()
    json.putArray("partitions").addAll(partitions.map(::partition))
    json.putArray("scores").addAll(scores.map(::score))
    json.putArray("mappings").addAll(mappings.map(::mapping))
    return json
}

private fun partition(note: PartitionNote): ObjectNode {
    val json =
        nodes
            .objectNode()
            .put("name", note.name)
            .put("winner", note.winner)
            .put("confidence", note.confidence)
            .put("by_default", note.byDefault)
    val matched = json.putObject("matched")
    note.matched.forEach { (member, confidence) -> matched.put(member, confidence) }
    return json
}

private fun score(note: ScoreNote): ObjectNode {
    val json = nodes.objectNode().put("name", note.name).put("value", note.value)
    json.putArray("inputs").addAll(
        note.inputs.map {
            nodes
                .objectNode()
                .put("name", it.name)
                .put("weight", it.weight)
                .put("value", it.value)
                .put("contribution", it.contribution)
        },
    )
    return json
}

private fun mapping(note: MappingNote): ObjectNode {
    val json = nodes.objectNode().put("name", note.name).put("source", note.score)
    json.putArray("outputs").addAll(
        note.outputs.map {
            nodes
                .objectNode()
                .put("name", it.name)
                .put("truth", it.truth.name.lowercase())
                .put("confidence", it.confidence)
        },
    )
    return json
}

/** Reads what [toJson] wrote. */
internal fun projectionTrace(json: Fields) =
    ProjectionTrace(
        json.list("partitions") {
            val matched = it.numbers("matched")
            PartitionNote(it.text("name"), it.textOrNull("winner"), it.number("confidence"), it.flag("by_default"), matched)
        },
        json.list("scores") { score ->
            val inputs = score.list("inputs") { InputNote(it.text("name"), it.number("weight"), it.numberOrNull("value")) }
            ScoreNote(score.text("name"), score.numberOrNull("value"), inputs)
        },
        json.list("mappings") { mapping ->
            val outputs =
                mapping.list("outputs") { OutputNote(it.text("name"), it.oneOf("truth", Truth.entries), it.number("confidence")) }
            MappingNote(mapping.text("name"), mapping.text("source"), outputs)
        },
    )

/** One row a partition, score or output that holds; inputs that add nothing are left out. */
internal fun ProjectionTrace.rows(): List<List<String>> =
    partitions.map { listOf("partition ${it.name}", it.winner ?: "-", number(it.confidence), words(it)) } +
        scores.map { listOf("score ${it.name}", "", it.value?.let(::number) ?: "open", words(it)) } +
        mappings.map { mapping ->
            val holding = mapping.outputs.filter { it.truth == Truth.TRUE }
            listOf(
                "mapping ${mapping.name}",
                holding.joinToString(", ") { it.name }.ifEmpty { "-" },
                holding.joinToString(", ") { number(it.confidence) },
                "of the score ${mapping.score}",
            )
        }

private fun words(note: PartitionNote): String =
    when {
        note.winner == null -> "not read to the end"
        note.byDefault -> "by default: no member matched"
        else -> "matched: " + note.matched.entries.joinToString(", ") { "${it.key} ${number(it.value)}" }
    }

private fun words(note: ScoreNote): String =
    note.inputs
        .mapNotNull { input ->
            val contribution = input.contribution
            when {
                contribution == null -> "${input.name} ?"
                contribution == 0.0 -> null
                else -> "${input.name} ${number(contribution)}"
            }
        }.joinToString(" + ")
