package routercluster.inference.tiny

import java.nio.file.Files
import java.nio.file.Path
import kotlin.random.Random

const val HIDDEN = 8

/** Random weights, the same ones for a seed. */
private fun noise(seed: Int): (Int) -> Float {
    val random = Random(seed)
    return { random.nextFloat() - 0.5f }
}

/**
 * A trunk of one attention layer over random token vectors: padding is masked, every token sees every other.
 *
 * @return the name of the states, [batch, tokens, [HIDDEN]]
 */
fun Graph.trunk(ids: Int, withTypes: Boolean): String {
    input("input_ids")
    input("attention_mask")
    var state = node("Gather", floats("embeddings", listOf(ids, HIDDEN), noise(1)), "input_ids")
    if (withTypes) {
        input("token_type_ids")
        state = node("Add", state, node("Gather", floats("types", listOf(2, HIDDEN), noise(2)), "token_type_ids"))
    }
    val mask = node("Cast", "attention_mask", name = "mask", attributes = mapOf("to" to Kind.FLOAT.code))
    val off = node("Mul", node("Sub", floats("one", listOf(1)) { 1f }, mask), floats("minus", listOf(1)) { -1e9f })
    val scores = node("MatMul", state, node("Transpose", state, attributes = mapOf("perm" to listOf(0L, 2L, 1L))))
    val weights = node("Softmax", node("Add", scores, node("Unsqueeze", off, ints(1))), attributes = mapOf("axis" to -1L))
    return node("Add", state, node("MatMul", weights, state), name = "state")
}

/** The mean of the states of real tokens, [batch, [HIDDEN]]. */
fun Graph.mean(state: String): String {
    val column = node("Unsqueeze", "mask", ints(2))
    val sum = node("ReduceSum", node("Mul", state, column), ints(1), attributes = mapOf("keepdims" to 0L))
    return node("Div", sum, node("ReduceSum", column, ints(1), attributes = mapOf("keepdims" to 0L)))
}

fun Graph.dense(value: String, labels: Int, seed: Int, name: String, gain: Float = 8f): String =
    node("MatMul", value, floats("$name.weight", listOf(HIDDEN, labels), noise(seed).let { draw -> { i -> gain * draw(i) } }), name = name)

/** Writes a folder in Hugging Face's layout. */
fun Path.huggingFace(model: ByteArray, config: String, tokenizer: String = bertTokenizer()): Path =
    apply {
        Files.createDirectories(this)
        Files.write(resolve("model.onnx"), model)
        Files.writeString(resolve("config.json"), config)
        Files.writeString(resolve("tokenizer.json"), tokenizer)
    }

fun config(architecture: String, labels: List<String> = emptyList(), positions: Int = 32, more: String = ""): String {
    val names = labels.withIndex().joinToString { "\"${it.index}\": \"${it.value}\"" }
    val sizes = """"max_position_embeddings": $positions, "pad_token_id": 0"""
    return """{"architectures": ["$architecture"], "model_type": "bert", $sizes, "id2label": {$names}$more}"""
}

/** A classifier of whole texts. */
fun classifier(labels: Int, ids: Int = bertTokens.size, withTypes: Boolean = true): ByteArray =
    Graph()
        .apply {
            dense(mean(trunk(ids, withTypes)), labels, seed = 3, name = "logits")
            output("logits", Kind.FLOAT, listOf("batch", labels))
        }.bytes()

/** A classifier of tokens. */
fun tagger(labels: Int): ByteArray =
    Graph()
        .apply {
            dense(trunk(bertTokens.size, withTypes = true), labels, seed = 4, name = "logits")
            output("logits", Kind.FLOAT, listOf("batch", "tokens", labels))
        }.bytes()

/** States only, as sentence-transformers exports them. */
fun stateModel(kind: Kind = Kind.FLOAT, ids: Int = bertTokens.size, withTypes: Boolean = true): ByteArray =
    Graph()
        .apply {
            node("Cast", trunk(ids, withTypes), name = "last_hidden_state", attributes = mapOf("to" to kind.code))
            output("last_hidden_state", kind, listOf("batch", "tokens", HIDDEN))
        }.bytes()
