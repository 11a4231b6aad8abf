package routercluster.cli.versions

import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.help
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.Failure
import routercluster.cli.LoadPolicy
import routercluster.cli.readText
import routercluster.gateway.versions.HistoryFailure
import routercluster.gateway.versions.PolicyHistory
import routercluster.gateway.versions.reason
import routercluster.gateway.versions.replaceFile
import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.versions.PolicyVersion
import routercluster.policy.versions.VersionSource
import java.io.IOException
import java.nio.file.Files
import java.time.Clock

/** `router policy rollback`: an earlier text back into the file, from where a running router takes it. */
class Rollback(private val load: LoadPolicy, private val open: OpenHistory, private val clock: Clock = Clock.systemUTC()) :
    Command(
        "rollback",
        "Write an earlier version back into a policy file, after proving it. What the file holds now is kept first.",
        listOf("router policy rollback router.yaml 4f0c1a"),
    ) {
    private val file by argument("FILE").path()
    private val revision by argument("REVISION").help("or its first digits")
    private val discard by option("--discard").flag().help("go on where what FILE holds now cannot be kept")
    private val data by DataFolder()

    override fun run() {
        val history = open(file, data.path)
        val version = history.find(revision)
        val text = orFail { history.text(version) }
        val present = if (Files.exists(file)) readText(file) else null
        val shown = version.revision.take(Policy.REVISION_SHOWN)
        if (present == text) return echo("$file: holds version $shown already")
        val policy = load.fromText(text, "$file")
        val replaced = present?.let { keep(history, it) }
        try {
            replaceFile(file, text)
        } catch (failure: IOException) {
            throw Failure("$file cannot be written: ${reason(failure)}")
        }
        echo("$file: holds version $shown of ${version.time} again. A running router takes it at once.")
        replaced?.let { echo("Before: ${it.revision.take(Policy.REVISION_SHOWN)}") }
        if (policy.revision != version.revision) {
            echo("note: files of its knowledge bases are not what they were; with these it is version ${policy.shortRevision}")
        }
        note(history, policy, text)
    }

    /** The file is written by now, and the router that takes it notes it too. */
    private fun note(history: PolicyHistory, policy: Policy, text: String) =
        try {
            history.add(PolicyVersion.of(policy, VersionSource.ROLLBACK, "${file.fileName}", clock.instant()), text)
        } catch (failure: HistoryFailure) {
            echo("note: not in the history as a rollback: ${failure.message}", err = true)
        }

    private fun keep(history: PolicyHistory, present: String): PolicyVersion {
        val version = versionOf(present)
        if (version.notKept != null && !discard) {
            throw Failure("$file ${version.notKept}: it would be lost, as no history keeps it. --discard writes over it all the same")
        }
        // Then there is nothing to write, where this user perhaps may not.
        val isKept = orFail { history.versions() }.newest?.revision == version.revision
        if (!isKept) orFail { history.add(version, present) }
        return version
    }

    /** Of a file that may be no valid policy, which is a reason to go back. */
    private fun versionOf(present: String): PolicyVersion {
        val name = "${file.fileName}"
        return try {
            PolicyVersion.of(load(present, "$file", ::environment), VersionSource.REPLACED, name, clock.instant())
        } catch (_: InvalidPolicy) {
            PolicyVersion.of(present, VersionSource.REPLACED, name, clock.instant())
        }
    }
}
