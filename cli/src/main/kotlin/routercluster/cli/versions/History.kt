package routercluster.cli.versions

import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.newArray
import routercluster.cli.pretty
import routercluster.cli.readText
import routercluster.cli.table
import routercluster.policy.Policy
import routercluster.policy.versions.PolicyVersion
import routercluster.policy.versions.sha256
import routercluster.policy.versions.toJson
import java.nio.file.Files
import java.time.temporal.ChronoUnit

/** `router policy history`: which versions of a file were in force. */
class History(private val open: OpenHistory) :
    Command(
        "history",
        "List the versions of a policy file, the newest first. The mark * is at what the file holds now.",
        listOf("router policy history router.yaml", "router policy history router.yaml --json"),
    ) {
    private val file by argument("FILE").path()
    private val data by DataFolder()
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        val history = open(file, data.path)
        val versions = orFail { history.versions() }.versions.asReversed()
        val present = if (Files.isRegularFile(file)) sha256(readText(file)) else null
        if (json) {
            echo(pretty(newArray().apply { versions.forEach { add(it.toJson().put("in_file", it.text == present)) } }))
        } else if (versions.isEmpty()) {
            echo("$file: no versions in ${history.folder}; `router serve --config $file` keeps what it serves")
        } else {
            echo(table(listOf("", "REVISION", "TIME", "SOURCE", "BYTES", ""), versions.map { row(it, present) }))
        }
    }

    private fun row(version: PolicyVersion, present: String?): List<String> =
        listOf(
            if (version.text == present) "*" else "",
            version.revision.take(Policy.REVISION_SHOWN),
            version.time.truncatedTo(ChronoUnit.SECONDS).toString(),
            version.source.name.lowercase(),
            version.bytes.toString(),
            version.notKept?.let { "not kept: $it" }.orEmpty(),
        )
}
