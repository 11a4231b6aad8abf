package routercluster.policy.versions

/** A revision that no one version of a history has. [message] says what was asked for and what could be. */
class NoSuchVersion(override val message: String) : Exception(message, null, false, false)

/** The history of one policy file. [versions] are in the order of time and never change; the oldest leave. */
class VersionLog(val versions: List<PolicyVersion> = emptyList()) {
    val newest: PolicyVersion? get() = versions.lastOrNull()

    /** The hashes of all texts that are kept. */
    val texts: Set<String> get() = versions.filter { it.notKept == null }.map { it.text }.toSet()

    /** With [version] at the end, unless that is what the newest one says already: a router that is restarted decides as before. */
    operator fun plus(version: PolicyVersion): VersionLog =
        if (newest?.revision == version.revision) this else VersionLog(bounded(versions + version))

    /**
     * The newest version whose revision begins with [revision].
     *
     * @throws NoSuchVersion where there is none, or where several revisions do
     */
    fun find(revision: String): PolicyVersion {
        val asked = revision.lowercase()
        if (!isRevision(asked)) throw NoSuchVersion("$revision is no revision; accepted: $DIGITS_MIN to $DIGITS_MAX hexadecimal digits")
        val found = versions.filter { it.revision.startsWith(asked) }.distinctBy { it.revision }
        if (found.size > 1) {
            val choices = found.take(CHOICES_SHOWN_MAX).joinToString { it.revision.take(CHOICE_DIGITS) }
            throw NoSuchVersion("$revision is how ${found.size} revisions begin: $choices; give more digits")
        }
        val only = found.firstOrNull()?.revision ?: throw NoSuchVersion("no version $revision here; the newest $VERSIONS_MAX are kept")
        return versions.last { it.revision == only }
    }

    private fun bounded(all: List<PolicyVersion>): List<PolicyVersion> {
        val seen = mutableSetOf<String>()
        var bytes = 0L
        val kept =
            all.reversed().takeWhile {
                if (it.notKept == null && seen.add(it.text)) bytes += it.bytes
                bytes <= TEXT_BYTES_MAX
            }
        return kept.take(VERSIONS_MAX).reversed()
    }

    companion object {
        const val VERSIONS_MAX = 200

        /** Of all texts together. A single one is smaller, as a policy file may have 4 Mi characters. */
        const val TEXT_BYTES_MAX = 64L * 1024 * 1024

        private const val DIGITS_MIN = 4
        private const val DIGITS_MAX = 64
        private const val CHOICES_SHOWN_MAX = 5
        private const val CHOICE_DIGITS = 16
        private val revisions = Regex("[0-9a-f]{$DIGITS_MIN,$DIGITS_MAX}")

        /** Whether [text] can be a revision, whole or its first digits. */
        fun isRevision(text: String): Boolean = revisions.matches(text.lowercase())
    }
}
