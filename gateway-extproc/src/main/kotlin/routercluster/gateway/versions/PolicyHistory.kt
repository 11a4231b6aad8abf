package routercluster.gateway.versions

import org.slf4j.LoggerFactory
import routercluster.policy.Policy
import routercluster.policy.versions.BadVersionLog
import routercluster.policy.versions.PolicyVersion
import routercluster.policy.versions.VersionLog
import routercluster.policy.versions.VersionSource
import routercluster.policy.versions.sha256
import routercluster.policy.versions.toLines
import routercluster.policy.versions.versionLogOf
import java.io.IOException
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption.CREATE
import java.nio.file.StandardOpenOption.WRITE
import java.time.Clock

/** Commands that only read a history need no logging, which takes its time to start. */
private val log by lazy { LoggerFactory.getLogger(PolicyHistory::class.java) }

/** What a history cannot do. [message] names the file. */
class HistoryFailure(override val message: String, cause: Throwable? = null) : Exception(message, cause)

/**
 * The versions of the policy file [file], kept in [folder]: a list of them, and each text under its hash. Several processes may write
 * there. Nothing is made until there is something to keep.
 */
class PolicyHistory(val file: Path, val folder: Path, private val clock: Clock = Clock.systemUTC()) {
    private val name = file.fileName.toString()
    private val list = folder.resolve("history.jsonl")

    /** Why the last version that was taken into service could not be kept; null where it was. */
    @Volatile
    var fault: String? = null
        private set

    /** Notes that [policy] is in force now. It is in any case, so what fails is only told: in the log, and as [fault]. */
    fun taken(policy: Policy, source: VersionSource) {
        val version = PolicyVersion.of(policy, source, name, clock.instant())
        fault =
            try {
                add(version, policy.text)
                version.notKept?.let { "the text of policy ${policy.shortRevision} is not kept: it $it" }
            } catch (failure: HistoryFailure) {
                "policy ${policy.shortRevision} is not in the history: ${failure.message}"
            }
        fault?.let { log.warn("{}", it) }
    }

    /**
     * Puts [version] at the end, with its [text] unless that may not be kept.
     *
     * @throws HistoryFailure
     */
    fun add(version: PolicyVersion, text: String) {
        try {
            Files.createDirectories(folder)
            locked {
                val before = versions()
                val after = before + version
                // Text first: a list never names what is not there.
                if (version.text in after.texts) keep(version.text, text)
                if (after !== before) replaceFile(list, after.toLines())
                (before.texts - after.texts).forEach { Files.deleteIfExists(fileOf(it)) }
            }
        } catch (failure: IOException) {
            throw HistoryFailure("$folder cannot be written: ${reason(failure)}", failure)
        }
    }

    /** @throws HistoryFailure for a list that cannot be read */
    fun versions(): VersionLog =
        try {
            if (Files.exists(list)) versionLogOf(Files.readString(list)) else VersionLog()
        } catch (bad: BadVersionLog) {
            throw HistoryFailure("$list: ${bad.message}", bad)
        } catch (failure: IOException) {
            throw HistoryFailure("$list cannot be read: ${reason(failure)}", failure)
        }

    /** @throws HistoryFailure where it is not kept, or not what it was */
    fun text(version: PolicyVersion): String {
        version.notKept?.let { throw HistoryFailure("the text of version ${version.revision} is not kept: it $it") }
        val kept = fileOf(version.text)
        val text =
            try {
                Files.readString(kept)
            } catch (failure: IOException) {
                throw HistoryFailure("$kept cannot be read: ${reason(failure)}", failure)
            }
        if (sha256(text) != version.text) throw HistoryFailure("$kept is damaged: its text is not what its name says")
        return text
    }

    private fun keep(hash: String, text: String) {
        val kept = fileOf(hash)
        if (!Files.exists(kept)) replaceFile(kept, text)
    }

    private fun fileOf(hash: String): Path = folder.resolve("$hash.yaml")

    /** A file lock holds between processes, and only between them. */
    private fun locked(write: () -> Unit) =
        synchronized(inThisProcess) {
            FileChannel.open(folder.resolve("lock"), CREATE, WRITE).use { channel -> channel.lock().use { write() } }
        }

    companion object {
        private val inThisProcess = Any()

        /** The history of [file] in the folder [data] of a router's own files; null is the folder `data` beside it. */
        fun of(file: Path, data: Path?, clock: Clock = Clock.systemUTC()): PolicyHistory {
            val own = data ?: file.toAbsolutePath().resolveSibling("data")
            return PolicyHistory(file, own.resolve("policies").resolve(file.fileName.toString()), clock)
        }
    }
}
