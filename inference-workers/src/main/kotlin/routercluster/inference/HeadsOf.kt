package routercluster.inference

import com.fasterxml.jackson.databind.JsonNode
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.folder.FolderFiles
import routercluster.inference.folder.HEADS_FILE
import routercluster.inference.folder.MANIFEST_FILE
import routercluster.inference.folder.ModelFiles
import routercluster.inference.folder.defaultName
import routercluster.inference.folder.filesOf
import routercluster.inference.folder.headIn
import routercluster.inference.folder.json
import routercluster.inference.folder.labelsOf
import routercluster.inference.folder.taskOf
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import java.nio.file.Files
import java.nio.file.Path
import java.security.MessageDigest
import java.util.HexFormat

/**
 * What the files of [source] say of its heads, by name, without opening the network: no native library is loaded. What only the
 * network knows is left open: a vector's length may be 0.
 *
 * @throws EncoderLoadException where the files do not say
 */
fun headsOf(source: EncoderSource): Map<String, Head> {
    val files = filesOf(source)
    if (source == EncoderSource.MiniLm) return mapOf(defaultName(Task.EMBED) to Head(Task.EMBED, dimensions = MINI_LM_DIMENSIONS))
    val config = files.json("config.json") ?: throw EncoderLoadException("${files.place}: config.json is missing")
    val heads = files.json(HEADS_FILE) ?: return mapOf(single(config))
    return heads.path("heads").associate { it.path("name").asText() to bundled(files, config, it) }
}

/** A hash of the encoder's files: of a bundle's manifest, which has the hash of each; of another folder's names and sizes. */
fun versionOf(source: EncoderSource): String =
    when (source) {
        is EncoderSource.MiniLm -> "built-in"
        is EncoderSource.Folder -> HexFormat.of().formatHex(identity(source.path)).take(VERSION_CHARS)
    }

private fun identity(folder: Path): ByteArray {
    val manifest = FolderFiles(folder).open(MANIFEST_FILE)?.use { it.readAllBytes() }
    val content =
        manifest ?: Files.walk(folder).use { paths ->
            val files = paths.filter(Files::isRegularFile).toList().sorted()
            files.joinToString("\n") { "${folder.relativize(it)} ${Files.size(it)}" }.encodeToByteArray()
        }
    return MessageDigest.getInstance("SHA-256").digest(content)
}

private fun single(config: JsonNode): Pair<String, Head> {
    val labels = labelsOf(config)
    val task = taskOf(config, labels)
    val named =
        when (task) {
            Task.RERANK, Task.EMBED -> emptyList()
            Task.NLI -> labels.map(String::lowercase)
            Task.SEQ_CLS, Task.TOKEN -> labels
        }
    return defaultName(task) to Head(task, named, dimensions = if (task == Task.EMBED) hiddenSize(config) else 0)
}

private fun bundled(files: ModelFiles, config: JsonNode, entry: JsonNode): Head {
    val name = entry.path("task").asText()
    val task =
        Task.entries.firstOrNull { it.name == name }
            ?: throw EncoderLoadException("${files.place}: $HEADS_FILE: expected a task, one of ${Task.entries}, found $name")
    return headIn(entry, task, if (task == Task.EMBED) hiddenSize(config) else 0)
}

private fun hiddenSize(config: JsonNode): Int = config.path("hidden_size").asInt(0)

private const val MINI_LM_DIMENSIONS = 384
private const val VERSION_CHARS = 16
