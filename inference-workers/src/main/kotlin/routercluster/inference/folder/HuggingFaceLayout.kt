package routercluster.inference.folder

import com.fasterxml.jackson.databind.JsonNode
import routercluster.inference.HeadHint
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task

private val modelNames = listOf("model.onnx", "onnx/model.onnx")

/** Outputs that are a text's vector ready made, best first. */
private val vectorOutputs = listOf("embedding", "sentence_embedding", "text_embeds", "pooler_output")
private val stateOutputs = listOf("last_hidden_state", "token_embeddings", "hidden_states")
private const val LOGITS = "logits"

/** `embedding_layer_6` is the output after six layers of a network whose whole is `embedding`. */
private const val LAYER_MARK = "_layer_"

private val nliLabels = setOf("entailment", "neutral", "contradiction")

/** Reads a folder in Hugging Face's layout; [hint] fills in what its config.json does not say. */
internal fun describeHuggingFace(files: ModelFiles, hint: HeadHint): Description {
    val config = files.json("config.json") ?: throw EncoderLoadException("${files.place}: config.json is missing")
    val model = modelFile(files)
    return Description(
        files,
        model,
        positionsOf(config, files),
        window = files
            .json("sentence_bert_config.json")
            ?.get("max_seq_length")
            ?.takeIf(JsonNode::canConvertToInt)
            ?.intValue(),
        overlap = null,
        padId = padIdOf(config, files),
        rowsDiffer = quantisesAcrossRows(files, model),
        headsFor = { outputs -> listOf(headOf(files, config, hint, outputs)) },
    )
}

internal fun modelFile(files: ModelFiles): String =
    modelNames.firstOrNull { files.size(it) != null }
        ?: throw EncoderLoadException("${files.place}: expected ${modelNames.joinToString(" or ")}, found neither")

/** Position ids of the RoBERTa family begin after the id of the padding. */
internal fun positionsOf(config: JsonNode, files: ModelFiles): Int {
    val positions = config.path("max_position_embeddings").asInt(0)
    if (positions <= 0) throw EncoderLoadException("${files.place}: config.json: expected max_position_embeddings, a number, found none")
    val type = config.path("model_type").asText()
    val beginsLate = type.contains("roberta") || type == "camembert" || type == "mpnet"
    return if (beginsLate) positions - config.path("pad_token_id").asInt(1) - 1 else positions
}

/** What config.json says, else what tokenizer.json names as its padding, else 0. */
internal fun padIdOf(config: JsonNode, files: ModelFiles): Int {
    config.get("pad_token_id")?.takeIf(JsonNode::isInt)?.let { return it.intValue() }
    val tokenizer = files.json("tokenizer.json") ?: return 0
    tokenizer
        .path("padding")
        .get("pad_id")
        ?.takeIf(JsonNode::isInt)
        ?.let { return it.intValue() }
    val names = setOf("[PAD]", "<pad>")
    return tokenizer
        .path("added_tokens")
        .firstOrNull { it.path("content").asText() in names }
        ?.path("id")
        ?.asInt(0) ?: 0
}

private fun headOf(files: ModelFiles, config: JsonNode, hint: HeadHint, outputs: Map<String, OutputShape>): HeadSpec {
    val labels = labelsOf(config)
    val task = hint.task ?: taskOf(config, labels)
    if (task == Task.EMBED) return embedding(files, hint, outputs)
    val output = outputs.keys.singleOrNull() ?: LOGITS
    val shape = outputs[output] ?: throw EncoderLoadException("${files.place}: expected an output named $LOGITS, found ${outputs.keys}")
    val named = checkLabels(files, task, labels, shape, output)
    val unknown = hint.positive - named.toSet()
    if (unknown.isNotEmpty()) throw EncoderLoadException("${files.place}: positive labels $unknown are not among its labels $named")
    val single = config.path("problem_type").asText() != "multi_label_classification" && shape.width > 1
    return HeadSpec(
        name = hint.head ?: defaultName(task),
        head = Head(task, if (task == Task.RERANK) emptyList() else named, hint.positive, calibrated = hint.temperature != null),
        output = output,
        activation = if (single) Activation.SOFTMAX else Activation.SIGMOID,
        temperature = hint.temperature ?: 1f,
        join = if (hint.positive.isEmpty()) Join.MEAN else Join.WORST,
    )
}

/** The labels, checked against the output that they name. */
private fun checkLabels(files: ModelFiles, task: Task, labels: List<String>, shape: OutputShape, output: String): List<String> {
    if (shape.perToken != (task == Task.TOKEN)) {
        val wanted = if (task == Task.TOKEN) "one row a token" else "one row a text"
        throw EncoderLoadException("${files.place}: task $task needs $wanted in output $output, which has it the other way")
    }
    val named = labels.ifEmpty { List(shape.width) { "LABEL_$it" } }
    if (named.size != shape.width) {
        throw EncoderLoadException("${files.place}: config.json names ${named.size} labels, output $output has ${shape.width}")
    }
    if (task == Task.NLI && named.map(String::lowercase).toSet() != nliLabels) {
        throw EncoderLoadException("${files.place}: task NLI needs the labels $nliLabels, found $named")
    }
    return if (task == Task.NLI) named.map(String::lowercase) else named
}

internal fun labelsOf(config: JsonNode): List<String> =
    config
        .path("id2label")
        .properties()
        .sortedBy { it.key.toIntOrNull() ?: 0 }
        .map { it.value.asText() }

internal fun taskOf(config: JsonNode, labels: List<String>): Task {
    val architecture = config.path("architectures").path(0).asText()
    return when {
        architecture.endsWith("ForTokenClassification") -> Task.TOKEN
        !architecture.endsWith("ForSequenceClassification") -> Task.EMBED
        labels.size == 1 -> Task.RERANK
        labels.map(String::lowercase).toSet() == nliLabels -> Task.NLI
        else -> Task.SEQ_CLS
    }
}

internal fun defaultName(task: Task): String =
    when (task) {
        Task.SEQ_CLS -> "class"
        Task.TOKEN -> "token"
        Task.EMBED -> "embedding"
        Task.RERANK -> "rerank"
        Task.NLI -> "nli"
    }

private fun embedding(files: ModelFiles, hint: HeadHint, outputs: Map<String, OutputShape>): HeadSpec {
    val ready = vectorOutputs.firstOrNull { outputs[it]?.perToken == false }
    val output =
        ready?.takeIf { it != "pooler_output" } ?: stateOutputs.firstOrNull { outputs[it]?.perToken == true } ?: ready
            ?: throw EncoderLoadException("${files.place}: expected an output among ${vectorOutputs + stateOutputs}, found ${outputs.keys}")
    val shape = outputs.getValue(output)
    return HeadSpec(
        name = hint.head ?: defaultName(Task.EMBED),
        head = Head(Task.EMBED, dimensions = shape.width),
        output = output,
        pooling = if (shape.perToken) poolingOf(files) else Pooling.NONE,
        layers = layersOf(output, outputs),
    )
}

/** Outputs named like [output] with a layer's number behind. */
internal fun layersOf(output: String, outputs: Map<String, OutputShape>): Map<Int, String> =
    outputs.keys
        .filter { it.startsWith(output + LAYER_MARK) && outputs[it] == outputs[output] }
        .mapNotNull { name -> name.removePrefix(output + LAYER_MARK).toIntOrNull()?.let { it to name } }
        .toMap()

/** As the sentence-transformers file says; the mean where there is none. */
private fun poolingOf(files: ModelFiles): Pooling {
    val config = files.json("1_Pooling/config.json") ?: return Pooling.MEAN
    val chosen = config.properties().filter { it.key.startsWith("pooling_mode_") && it.value.asBoolean() }.map { it.key }
    return when (chosen.singleOrNull()) {
        "pooling_mode_mean_tokens" -> Pooling.MEAN
        "pooling_mode_cls_token" -> Pooling.FIRST
        "pooling_mode_lasttoken" -> Pooling.LAST
        else -> throw EncoderLoadException("${files.place}: 1_Pooling/config.json: accepted: mean, cls or last token, found $chosen")
    }
}
