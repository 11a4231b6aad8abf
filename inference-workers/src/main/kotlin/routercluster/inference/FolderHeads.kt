package routercluster.inference

import com.fasterxml.jackson.databind.JsonNode
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.folder.HEADS_FILE
import routercluster.inference.folder.MANIFEST_FILE
import routercluster.inference.folder.ModelFiles
import routercluster.inference.folder.defaultName
import routercluster.inference.folder.filesOf
import routercluster.inference.folder.json
import routercluster.inference.folder.labelsOf
import routercluster.inference.folder.taskOf
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task

/**
 * The heads of an encoder by name, told from its small files: enough to prove a policy by. Loads no native library; whether the network
 * bears it out shows when it is opened.
 *
 * @throws EncoderLoadException for a folder that is none of an encoder
 */
fun headsOf(source: EncoderSource): Map<String, Head> {
    val files = filesOf(source)
    val config = files.json("config.json") ?: throw EncoderLoadException("${files.place}: config.json is missing")
    val dimensions = config.path("hidden_size").asInt(0)
    val bundle = files.json(HEADS_FILE)
    if (bundle != null) return bundle.path("heads").associate { it.path("name").asText() to bundledHead(files, it, dimensions) }
    val labels = labelsOf(config)
    val task = taskOf(config, labels)
    return mapOf(
        defaultName(task) to
            Head(task, if (task == Task.EMBED || task == Task.RERANK) emptyList() else labels, dimensions = dimensionsOf(task, dimensions)),
    )
}

/** What tells this version of an encoder from others, or null where its files do not say. */
fun versionOf(source: EncoderSource): String? =
    filesOf(source)
        .json(MANIFEST_FILE)
        ?.path("version")
        ?.asText()
        ?.takeIf { it.isNotEmpty() }

private fun bundledHead(files: ModelFiles, entry: JsonNode, dimensions: Int): Head {
    val written = entry.path("task").asText()
    val task =
        Task.entries.find { it.name == written }
            ?: throw EncoderLoadException("${files.place}: $HEADS_FILE: task: expected one of ${Task.entries}, found $written")
    return Head(
        task,
        entry.path("labels").map(JsonNode::asText),
        entry.path("positive_labels").mapTo(mutableSetOf(), JsonNode::asText),
        dimensionsOf(task, dimensions),
        calibrated = entry.has("temperature"),
    )
}

private fun dimensionsOf(task: Task, dimensions: Int): Int = if (task == Task.EMBED) dimensions else 0
