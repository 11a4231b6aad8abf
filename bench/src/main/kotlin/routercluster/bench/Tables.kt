package routercluster.bench

import java.nio.file.Files
import java.nio.file.Path

/** A policy for the encoder of the program alone. */
internal const val ENCODER_POLICY = """version: v0.3
providers:
  defaults: {default_model: none}
  models: [{name: none, backend_refs: [{endpoint: "127.0.0.1:1"}]}]
routing: {}
"""

/** Puts [tables] into docs/benchmarks.md, between the two marks of [name]. */
internal fun keepTables(name: String, tables: String) {
    val document = Path.of("docs/benchmarks.md")
    val text = Files.readString(document)
    val begin = "<!-- $name: begin -->"
    val from = text.indexOf(begin)
    val until = text.indexOf("<!-- $name: end -->")
    check(from in 0 until until) { "$document has no marks of $name" }
    Files.writeString(document, text.substring(0, from + begin.length) + "\n" + tables + text.substring(until))
}
