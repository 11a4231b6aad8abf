package routercluster.policy.versions

import routercluster.policy.Policy
import java.security.MessageDigest
import java.time.Instant
import java.util.HexFormat

/** How a text came into a history. */
enum class VersionSource {
    /** In force when a router started. */
    START,

    /** Put in force by a running router, because its file had changed. */
    RELOAD,

    /** Written back into the file by an operator. */
    ROLLBACK,

    /** Found in the file by a rollback, which wrote over it; perhaps never in force. */
    REPLACED,

    /** Given to the whole cluster by an operator, through any of its nodes. */
    APPLIED,
}

/**
 * One entry of the history of a policy file.
 *
 * @property revision the policy's; of a text that is no valid policy, the text's own hash
 * @property file the file's name, without its folder
 * @property bytes size of the text in UTF-8
 * @property text SHA-256 of the text, by which it is kept
 * @property manifests files that the policy read its knowledge bases from, with the SHA-256 of each; they are not kept
 * @property notKept why the text is not kept; null where it is
 */
data class PolicyVersion(
    val time: Instant,
    val revision: String,
    val source: VersionSource,
    val file: String,
    val bytes: Int,
    val text: String,
    val manifests: Map<String, String> = emptyMap(),
    val notKept: String? = null,
) {
    companion object {
        /** The version that [policy] is. */
        fun of(policy: Policy, source: VersionSource, file: String, time: Instant): PolicyVersion {
            val manifests = policy.catalog.knowledgeBases.values
                .associate { it.manifest.path to sha256(it.manifest.text) }
            return of(policy.text, source, file, time).copy(revision = policy.revision, manifests = manifests)
        }

        /** The version that [text] is, whether it is a valid policy or not. */
        fun of(text: String, source: VersionSource, file: String, time: Instant): PolicyVersion {
            val hash = sha256(text)
            val secret = secretInClear(text)
            val notKept = secret?.let { "holds a secret in clear text (${it.name}, line ${it.line}); name an environment variable instead" }
            return PolicyVersion(time, hash, source, file, text.encodeToByteArray().size, hash, notKept = notKept)
        }
    }
}

/** In hex, of the text in UTF-8. */
fun sha256(text: String): String = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.encodeToByteArray()))
