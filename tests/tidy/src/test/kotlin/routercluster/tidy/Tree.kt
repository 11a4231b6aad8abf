package routercluster.tidy

import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** A file of the tree. [path] is relative to the root, with slashes. */
data class Source(val path: String, val text: String) {
    val lines: List<String> get() = text.lines()
}

/** The files that belong to the project: what git tracks or would track, or, in a copy without git, all but build outputs. */
class Tree(val root: Path, val paths: List<String>) {
    /** Text files; others have no rules. */
    val sources: List<Source> by lazy {
        paths
            .filter { path ->
                textExtensions.any { path.endsWith(it) } || '.' !in path.substringAfterLast('/')
            }.map { Source(it, Files.readString(root.resolve(it))) }
    }

    val kotlin: List<Source> get() = sources.filter { it.path.endsWith(".kt") }

    val mainKotlin: List<Source> get() = kotlin.filter { "/src/main/" in it.path }

    companion object {
        private val textExtensions =
            listOf(
                ".kt",
                ".xml",
                ".yaml",
                ".yml",
                ".json",
                ".md",
                ".txt",
                ".py",
                ".go",
                ".sh",
                ".properties",
                ".toml",
                ".ci/run",
                ".editorconfig",
                ".gitignore",
            )
        private val outputs = setOf(".git", ".router", "target", "node_modules", ".venv", ".idea")

        /** The tree that this module stands in. */
        fun here(): Tree {
            val root = generateSequence(Path.of("").toAbsolutePath()) { it.parent }.first {
                Files.exists(it.resolve("router")) &&
                    Files.exists(it.resolve("policy/pom.xml"))
            }
            return Tree(root, (tracked(root) ?: walked(root)).filter { Files.isRegularFile(root.resolve(it)) }.sorted())
        }

        private fun tracked(root: Path): List<String>? {
            if (!Files.exists(root.resolve(".git"))) return null
            val git = ProcessBuilder("git", "ls-files", "--cached", "--others", "--exclude-standard").directory(root.toFile()).start()
            val paths = git.inputStream.bufferedReader().readLines()
            return paths.takeIf { git.waitFor(1, TimeUnit.MINUTES) && git.exitValue() == 0 }
        }

        private fun walked(root: Path): List<String> =
            root
                .toFile()
                .walkTopDown()
                .onEnter {
                    it.name !in outputs
                }.filter { it.isFile }
                .map { it.relativeTo(root.toFile()).invariantSeparatorsPath }
                .toList()
    }
}
