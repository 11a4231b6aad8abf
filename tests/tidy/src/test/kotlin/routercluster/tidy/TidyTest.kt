package routercluster.tidy

import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import java.nio.file.Files

/** The rules, applied to the whole tree. */
class TidyTest {
    private val tree = Tree.here()

    @Test
    fun `finds the tree`() {
        tree.mainKotlin.shouldNotBeEmpty()
    }

    @Test
    fun `modules use only what stands below them`() {
        tree.sources
            .filter { it.path.endsWith("/pom.xml") }
            .flatMap { wrongEdges(module(it.text)) }
            .joinToString("\n") shouldBe ""
    }

    @Test
    fun `main sources hold no forbidden call`() {
        tree.mainKotlin.flatMap(::forbiddenIn).joinToString("\n") shouldBe ""
    }

    @Test
    fun `no Kotlin file is too long`() {
        tree.kotlin.flatMap(::tooLong).joinToString("\n") shouldBe ""
    }

    @Test
    fun `no file names a package registry`() {
        tree.sources.flatMap(::registryHosts).joinToString("\n") shouldBe ""
    }

    @Test
    fun `names in the documents exist`() {
        val documents = listOf("README.md", "docs/ARCHITECTURE.md").filter { Files.exists(tree.root.resolve(it)) }
        tree.sources
            .filter { it.path in documents }
            .flatMap { missingNames(it, tree.paths, tree.kotlin) }
            .joinToString("\n") shouldBe ""
    }
}
