package routercluster.cli

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.policy.config.EncoderFolder
import java.io.RandomAccessFile
import java.nio.file.Files
import java.nio.file.Path

class FolderFilesTest {
    @TempDir
    lateinit var folder: Path

    private val described = mutableListOf<Path>()
    private val files by lazy {
        FolderFiles(
            folder,
            {
                described.add(it)
                EncoderFolder.Broken("described")
            },
            EncoderFolder.Missing,
        )
    }

    @Test
    fun `a text is read by its path from the folder, or by its whole path`() {
        val file = Files.writeString(Files.createDirectories(folder.resolve("bases/one")).resolve("labels.json"), "{} é")
        files.text("bases/one/labels.json") shouldBe "{} é"
        files.text("./bases/../bases/one/labels.json") shouldBe "{} é"
        files.text("$file") shouldBe "{} é"
    }

    @Test
    fun `a text that is not in the folder is looked for above it, but not far and not by way of others`() {
        val deep = Files.createDirectories(folder.resolve("a/b/c/d/e"))
        Files.writeString(folder.resolve("a/near.json"), "near")
        Files.writeString(folder.resolve("far.json"), "far")
        val below = FolderFiles(deep, { EncoderFolder.Missing }, EncoderFolder.Missing)
        below.text("near.json") shouldBe "near"
        below.text("far.json") shouldBe null
        below.text("../near.json") shouldBe null
        Files.writeString(deep.resolve("near.json"), "nearer")
        below.text("near.json") shouldBe "nearer"
    }

    @Test
    fun `what cannot be read is not there`() {
        Files.createDirectories(folder.resolve("bases"))
        Files.write(folder.resolve("binary"), byteArrayOf(-1, -2))
        RandomAccessFile("${folder.resolve("large")}", "rw").use { it.setLength(16L * 1024 * 1024 + 1) }
        listOf("none", "bases", "binary", "large", "a\u0000b").associateWith(files::text).filterValues { it != null } shouldBe emptyMap()
    }

    @Test
    fun `an encoder's folder is described where there is one`() {
        val encoder = Files.createDirectories(folder.resolve("models/guard"))
        (files.encoder("models/guard") as EncoderFolder.Broken).reason shouldBe "described"
        Files.writeString(folder.resolve("file"), "x")
        listOf("models/none", "file", "a\u0000b").map(files::encoder) shouldBe List(3) { EncoderFolder.Missing }
        described shouldBe listOf(encoder)
    }
}
