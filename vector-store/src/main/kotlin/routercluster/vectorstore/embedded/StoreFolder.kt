package routercluster.vectorstore.embedded

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.FieldKind
import routercluster.policy.vectors.VectorFailure
import routercluster.vectorstore.physicalName
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.channels.FileLock
import java.nio.channels.OverlappingFileLockException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption
import java.nio.file.StandardOpenOption

/**
 * The folder of an embedded store, held by one process at a time:
 * ```
 * format                 what it is, and in which version
 * lock                   held while a store is open
 * <collection>/          one for each
 *   collection.json      written last when it is made and deleted first when it is dropped: without it the rest counts for nothing
 *   index/               Lucene's
 * ```
 */
internal class StoreFolder private constructor(
    private val root: Path,
    private val channel: FileChannel,
    private val lock: FileLock,
) : AutoCloseable {
    /** Those that are on disk. */
    fun collections(): List<CollectionSpec> =
        Files.list(root).use { entries -> entries.map { it.resolve(DESCRIPTION) }.filter(Files::isRegularFile).toList() }.map(::read)

    fun indexOf(id: CollectionId): Path = root.resolve(physicalName(id)).resolve("index")

    fun write(spec: CollectionSpec) {
        val folder = Files.createDirectories(root.resolve(physicalName(spec.id)))
        val fields = spec.fields.mapValues { it.value.name }
        val description = mapOf(
            "name" to spec.id.name,
            "encoder" to spec.id.encoder,
            "encoder_version" to spec.id.encoderVersion,
            "dimension" to spec.dimension,
            "fields" to fields,
        )
        replace(folder.resolve(DESCRIPTION), json.writeValueAsBytes(description))
    }

    fun delete(id: CollectionId) {
        val folder = root.resolve(physicalName(id))
        Files.deleteIfExists(folder.resolve(DESCRIPTION))
        folder.toFile().deleteRecursively()
    }

    /** What is left of collections that were being made or dropped when the process ended. */
    private fun deleteLeftovers() {
        val folders = Files.list(root).use { entries -> entries.filter(Files::isDirectory).toList() }
        folders.filterNot { Files.exists(it.resolve(DESCRIPTION)) }.forEach { it.toFile().deleteRecursively() }
    }

    override fun close() {
        lock.release()
        channel.close()
    }

    companion object {
        private const val DESCRIPTION = "collection.json"
        private const val FORMAT = "routercluster-vectors 1"
        private val json = ObjectMapper()

        /**
         * Takes the folder, makes it where it is not there, and gives it with what [ready] makes of it. Where that fails the folder is free again.
         *
         * @throws VectorFailure.Unavailable where another process has it, or it cannot be written
         */
        fun <T> open(root: Path, ready: (StoreFolder) -> T): T {
            try {
                Files.createDirectories(root)
                val channel = FileChannel.open(root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)
                val lock =
                    lock(channel) ?: throw VectorFailure.Unavailable("the vector store $root is in use already").also { channel.close() }
                val folder = StoreFolder(root, channel, lock)
                return closingOnFailure(folder) {
                    checkFormat(root)
                    folder.deleteLeftovers()
                    ready(folder)
                }
            } catch (failure: IOException) {
                throw VectorFailure.Unavailable("the vector store $root cannot be opened: $failure", failure)
            }
        }

        private fun lock(channel: FileChannel): FileLock? =
            try {
                channel.tryLock()
            } catch (_: OverlappingFileLockException) {
                null
            }

        private fun checkFormat(root: Path) {
            val file = root.resolve("format")
            if (Files.notExists(file)) {
                val others = Files.list(root).use { entries -> entries.anyMatch { it.fileName.toString() != "lock" } }
                if (others) throw VectorFailure.Unreadable("$root is not empty and has no vector store: name another folder")
                replace(file, FORMAT.toByteArray())
            }
            val format = Files.readString(file).trim()
            if (format != FORMAT) {
                throw VectorFailure.Unreadable(
                    "$file says \"${format.take(80)}\", this release reads \"$FORMAT\": delete the folder or use another release",
                )
            }
        }

        private fun read(file: Path): CollectionSpec =
            try {
                val tree = json.readTree(file.toFile())
                val id = CollectionId(text(tree, "name"), text(tree, "encoder"), text(tree, "encoder_version"))
                val fields = tree.path("fields").properties().associate { (field, kind) -> field to FieldKind.valueOf(kind.asText()) }
                CollectionSpec(id, tree.path("dimension").asInt(), fields)
            } catch (failure: JacksonException) {
                throw VectorFailure.Unreadable("$file is damaged: delete ${file.parent} to begin that collection anew", failure)
            } catch (failure: IllegalArgumentException) {
                throw VectorFailure.Unreadable("$file is damaged: delete ${file.parent} to begin that collection anew", failure)
            }

        private fun text(tree: JsonNode, name: String): String = requireNotNull(tree.path(name).textValue()) { name }

        /** Either as it was or as it is to be, whenever the process ends. */
        private fun replace(file: Path, bytes: ByteArray) {
            val fresh = file.resolveSibling("${file.fileName}.new")
            FileChannel.open(fresh, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING).use {
                it.write(ByteBuffer.wrap(bytes))
                it.force(true)
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING)
        }
    }
}
