package routercluster.inference.read

import routercluster.inference.folder.HeadSpec
import routercluster.inference.folder.LINE_MARK
import routercluster.inference.folder.TextForm
import routercluster.inference.network.Want
import routercluster.inference.text.hiddenIn
import routercluster.inference.text.readable
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.Passage
import routercluster.policy.encode.Task
import routercluster.policy.encode.Undisguised
import routercluster.policy.encode.VectorShape

/**
 * A head asked of a passage.
 *
 * @property readings the texts that answer it: the passage as the head wants it written, then what is hidden in it, if it looks for that
 * @property want the output that answers it
 * @property written how the text was written for it, to tell spans in the text as it came
 */
internal class Question(
    val ref: HeadRef,
    val spec: HeadSpec,
    val readings: List<ReadingDraft>,
    val want: Want,
    val written: Undisguised,
    val vector: VectorShape,
)

/** What a request comes down to: the texts to read, each once, and the questions of each passage. */
internal class Plan(val drafts: List<ReadingDraft>, val questions: List<List<Question>>)

/**
 * @param vector the shape where a passage asks for none
 * @throws EncodeFailure.Refused for what cannot be had
 */
internal fun planOf(request: EncodeRequest, specs: Map<HeadRef, HeadSpec>, vector: VectorShape): Plan {
    val drafts = LinkedHashMap<ReadingKey, ReadingDraft>()
    val questions =
        request.passages.map { passage ->
            if (passage.heads.isEmpty()) throw EncodeFailure.Refused("a passage asks for no head")
            val shape = if (passage.vector == VectorShape.WHOLE) vector else passage.vector
            passage.heads.map { ref ->
                val spec = specs[ref] ?: throw EncodeFailure.Refused("unknown head $ref; accepted: ${specs.keys.joinToString()}")
                question(passage, ref, spec, shape, drafts)
            }
        }
    return Plan(drafts.values.toList(), questions)
}

private fun question(
    passage: Passage,
    ref: HeadRef,
    spec: HeadSpec,
    vector: VectorShape,
    drafts: MutableMap<ReadingKey, ReadingDraft>,
): Question {
    if (spec.takesPair && passage.pair == null) throw EncodeFailure.Refused("head $ref reads two texts, and the passage has one")
    val other = passage.pair.takeIf { spec.takesPair }
    val text = written(passage.text, spec.form)
    val pair = other?.let { written(it, spec.form) }
    val hidden = if (spec.form == TextForm.UNCOVERED) hiddenIn(text.text) else emptyList()
    val keys = listOf(ReadingKey(text.text, pair?.text)) + hidden.map { ReadingKey(it, null) }
    val want = Want(outputOf(ref, spec, vector), spec.pooling)
    val readings = keys.distinct().map { key -> drafts.getOrPut(key) { ReadingDraft(key) } }
    for (reading in readings) {
        reading.wants += want
        if (spec.head.task == Task.TOKEN) reading.withPlaces = true
    }
    return Question(ref, spec, readings, want, pair ?: text, vector)
}

private fun written(text: String, form: TextForm): Undisguised =
    when (form) {
        TextForm.PLAIN -> Undisguised(text)
        TextForm.LINES_MARKED -> Undisguised(text.replace('\n', LINE_MARK))
        TextForm.UNDISGUISED, TextForm.UNCOVERED -> readable(text)
    }

private fun outputOf(ref: HeadRef, spec: HeadSpec, vector: VectorShape): String {
    if (spec.head.task != Task.EMBED) return spec.output
    val kept = vector.dimensions
    if (kept != null && kept !in 1..spec.head.dimensions) {
        throw EncodeFailure.Refused("head $ref: $kept dimensions were asked for; accepted: 1..${spec.head.dimensions}")
    }
    val layer = vector.layer ?: return spec.output
    val accepted = "accepted: ${spec.layers.keys.sorted()} or none for the last"
    return spec.layers[layer] ?: throw EncodeFailure.Refused("head $ref: layer $layer was asked for; $accepted")
}
