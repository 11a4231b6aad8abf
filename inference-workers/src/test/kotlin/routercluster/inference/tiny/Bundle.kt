package routercluster.inference.tiny

import java.nio.file.Files
import java.nio.file.Path
import java.security.MessageDigest
import java.util.HexFormat

private val files = listOf("model.onnx", "tokenizer.json", "config.json", "heads.json")

private const val HEADS =
    """
    {"name": "embedding", "task": "EMBED", "output": "embedding", "input": "single", "labels": [], "pool": "mean"},
    {"name": "topic", "task": "SEQ_CLS", "output": "topic", "input": "single", "labels": ["a", "b"], "positive_labels": [], "pool": "mean",
     "temperature": 2.0, "abstain": {"below": 0.9}},
    {"name": "threat", "task": "SEQ_CLS", "output": "threat", "input": "single", "labels": ["good", "bad"], "positive_labels": ["bad"], "pool": "max",
     "temperature": 1.5, "abstain": null, "threshold": {"label": "bad", "false_alarms": 0.01, "value": 0.9}},
    {"name": "pii", "task": "TOKEN", "output": "pii", "input": "single", "labels": ["O", "B-PERSON", "I-PERSON"], "positive_labels": [], "pool": "max",
     "temperature": 1.0, "abstain": null},
    {"name": "support", "task": "TOKEN", "output": "support", "input": "pair", "labels": ["supported", "unsupported"], "positive_labels": ["unsupported"],
     "pool": "max", "temperature": 1.0, "abstain": null}
    """

/** Writes one of our bundles: a trunk with five heads, and the files that describe them. */
class Bundle(val folder: Path) {
    init {
        folder.huggingFace(bundleModel(), config("BertModel", positions = 64))
        heads(HEADS)
    }

    fun write(name: String, bytes: ByteArray) {
        Files.write(folder.resolve(name), bytes)
    }

    /** Entries of heads.json, or the whole file; the manifest fits it. */
    fun heads(entries: String) {
        val isWhole = "\"format\"" in entries
        val whole = if (isWhole) entries else """{"format": 1, "windows": {"tokens": 32, "overlap": 8}, "heads": [$entries]}"""
        write("heads.json", whole.toByteArray())
        val listed =
            files.joinToString { name ->
                val bytes = Files.readAllBytes(folder.resolve(name))
                """"$name": {"sha256": "${hash(bytes)}", "bytes": ${bytes.size}}"""
            }
        write("manifest.json", """{"format": 1, "version": "0", "files": {$listed}}""".toByteArray())
    }

    private fun hash(bytes: ByteArray) = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes))
}

private fun bundleModel(): ByteArray =
    Graph()
        .apply {
            val state = trunk(bertTokens.size, withTypes = true)
            node("Identity", mean(state), name = "embedding")
            dense("embedding", 2, seed = 5, name = "topic")
            dense("embedding", 2, seed = 6, name = "threat", gain = 30f)
            dense(state, 3, seed = 7, name = "pii")
            dense(state, 2, seed = 8, name = "support")
            output("embedding", Kind.FLOAT, listOf("batch", HIDDEN))
            output("topic", Kind.FLOAT, listOf("batch", 2))
            output("threat", Kind.FLOAT, listOf("batch", 2))
            output("pii", Kind.FLOAT, listOf("batch", "tokens", 3))
            output("support", Kind.FLOAT, listOf("batch", "tokens", 2))
        }.bytes()
