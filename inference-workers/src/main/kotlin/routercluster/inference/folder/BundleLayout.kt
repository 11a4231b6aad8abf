package routercluster.inference.folder

import com.fasterxml.jackson.databind.JsonNode
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import java.security.DigestInputStream
import java.security.MessageDigest
import java.util.HexFormat

internal const val HEADS_FILE = "heads.json"
internal const val MANIFEST_FILE = "manifest.json"
private const val FORMAT = 1

private val headKeys =
    setOf("name", "task", "output", "input", "labels", "positive_labels", "pool", "temperature", "abstain", "threshold")

/** Reads one of our bundles: a Hugging Face folder with heads.json, and manifest.json that gives size and hash of each file. */
internal fun describeBundle(files: ModelFiles): Description {
    checkManifest(files)
    val config = files.json("config.json") ?: throw EncoderLoadException("${files.place}: config.json is missing")
    val heads = files.json(HEADS_FILE) ?: throw EncoderLoadException("${files.place}: $HEADS_FILE is missing")
    checkFormat(files, HEADS_FILE, heads)
    val model = modelFile(files)
    return Description(
        files,
        model,
        positionsOf(config, files),
        window = heads
            .path("windows")
            .get("tokens")
            ?.takeIf(JsonNode::isInt)
            ?.intValue(),
        overlap = heads
            .path("windows")
            .get("overlap")
            ?.takeIf(JsonNode::isInt)
            ?.intValue(),
        padId = padIdOf(config, files),
        rowsDiffer = quantisesAcrossRows(files, model),
        headsFor = { outputs -> heads.path("heads").map { HeadReader(files, it, outputs).read() } },
    )
}

private fun checkFormat(files: ModelFiles, name: String, content: JsonNode) {
    val found = content.path("format").asInt(0)
    if (found != FORMAT) throw EncoderLoadException("${files.place}: $name: expected format $FORMAT, found $found")
}

/** Every file that the manifest lists must be there, whole and unchanged. */
private fun checkManifest(files: ModelFiles) {
    val manifest = files.json(MANIFEST_FILE) ?: throw EncoderLoadException("${files.place}: $MANIFEST_FILE is missing")
    checkFormat(files, MANIFEST_FILE, manifest)
    manifest.path("files").properties().forEach { (name, entry) ->
        val size = files.size(name) ?: throw EncoderLoadException("${files.place}: $name is missing, $MANIFEST_FILE lists it")
        val wanted = entry.path("bytes").asLong()
        if (size != wanted) throw EncoderLoadException("${files.place}: $name: expected $wanted bytes, found $size")
        val hash = hashOf(files, name)
        val hashWanted = entry.path("sha256").asText()
        if (hash != hashWanted) throw EncoderLoadException("${files.place}: $name: expected sha256 $hashWanted, found $hash")
    }
}

private fun hashOf(files: ModelFiles, name: String): String {
    val digest = MessageDigest.getInstance("SHA-256")
    files.open(name)?.use { DigestInputStream(it, digest).transferTo(java.io.OutputStream.nullOutputStream()) }
    return HexFormat.of().formatHex(digest.digest())
}

/** One entry of heads.json, checked against the [outputs] of the network. */
private class HeadReader(files: ModelFiles, private val entry: JsonNode, private val outputs: Map<String, OutputShape>) {
    private val name = entry.path("name").asText()
    private val place = "${files.place}: $HEADS_FILE, head ${name.ifEmpty { "without a name" }}"
    private val output = entry.path("output").asText()
    private val shape = outputs[output] ?: wrong("output", "one of ${outputs.keys}", output)
    private val task = oneOf("task", Task.entries.associateBy(Task::name))
    private val labels = entry.path("labels").map(JsonNode::asText)

    fun read(): HeadSpec {
        val unknown = entry.properties().map { it.key } - headKeys
        if (unknown.isNotEmpty()) wrong("", "the keys $headKeys", unknown.toString())
        val positive = entry.path("positive_labels").map(JsonNode::asText)
        if (!labels.containsAll(positive)) wrong("positive_labels", "some of $labels", positive.toString())
        if (task != Task.EMBED && labels.size != shape.width) wrong("labels", "${shape.width} as output $output has", "${labels.size}")
        if (task != Task.EMBED && shape.perToken != (task == Task.TOKEN)) wrong("output", "one that fits task $task", output)
        return HeadSpec(
            name = name,
            head = headIn(entry, task, if (task == Task.EMBED) shape.width else 0),
            output = output,
            takesPair = oneOf("input", mapOf("single" to false, "pair" to true)),
            temperature = temperature(),
            abstainsBelow = entry.path("abstain").path("below").floatValue(),
            join = if (task == Task.EMBED) Join.MEAN else oneOf("pool", mapOf("mean" to Join.MEAN, "max" to Join.WORST)),
            form = form(),
            pieces = Pieces.ALL,
            spansFrom = entry
                .path("threshold")
                .get("value")
                ?.floatValue(),
            pooling = if (shape.perToken && task == Task.EMBED) Pooling.MEAN else Pooling.NONE,
            layers = layersOf(output, outputs),
        )
    }

    /** As the heads were trained: pairs and tags read the text as it is, threats also what it hides, all others the text undisguised. */
    private fun form(): TextForm =
        when {
            entry.path("input").asText() == "pair" -> TextForm.PLAIN
            task == Task.TOKEN -> TextForm.LINES_MARKED
            task == Task.SEQ_CLS && entry.path("pool").asText() == "max" -> TextForm.UNCOVERED
            else -> TextForm.UNDISGUISED
        }

    private fun temperature(): Float {
        val value = entry.path("temperature").asDouble(1.0).toFloat()
        return if (value > 0f && value.isFinite()) value else wrong("temperature", "a number above 0", "$value")
    }

    private fun <T> oneOf(key: String, values: Map<String, T>): T =
        values[entry.path(key).asText()] ?: wrong(key, "one of ${values.keys}", entry.path(key).asText())

    private fun wrong(key: String, expected: String, found: String): Nothing =
        throw EncoderLoadException("$place: $key: expected $expected, found $found")
}

/** What the [entry] of a head in heads.json says of it to callers. */
internal fun headIn(entry: JsonNode, task: Task, dimensions: Int): Head {
    val least = if (task == Task.TOKEN) entry.path("threshold").path("value") else entry.path("abstain").path("below")
    return Head(
        task,
        entry.path("labels").map(JsonNode::asText),
        entry.path("positive_labels").map(JsonNode::asText).toSet(),
        dimensions,
        calibrated = entry.has("temperature"),
        answersFrom = least.asDouble(),
    )
}
