package routercluster.policy.limits

import java.security.MessageDigest
import java.util.HexFormat

/**
 * Who asks, as far as it can be trusted. Names come from a trusted peer only; a stranger has none.
 *
 * @property key a digest of the credential that a trusted peer let pass
 * @property peer bytes of the IP address that the request came from; null where the proxy does not tell
 */
class LimitCaller(
    val user: String? = null,
    val groups: List<String> = emptyList(),
    val team: String? = null,
    val key: String? = null,
    val peer: ByteArray? = null,
) {
    /** Stands in for a name that is missing, so that nobody escapes a limit by saying less. */
    internal val place: String get() = peer?.let(::networkOf) ?: "unknown"

    /** Who it is by the best that is known: the user, else the key, else the network. */
    val identity: String get() = user?.let { "user $it" } ?: key?.let { "key $it" } ?: "network $place"
}

/** What limits look at in one request. [model] and [decision] are null until it is decided; [UNDECIDED] stands for no decision. */
class LimitFacts(val caller: LimitCaller, val model: String? = null, val decision: String? = null) {
    /** The same request at another model. */
    internal fun at(model: String) = LimitFacts(caller, model, decision)

    companion object {
        const val UNDECIDED = "none"
    }
}

/** Names one count: that of [rule] for one [subject]. */
data class CounterId(val rule: LimitRule, val subject: String) {
    /** Without names of callers: those are in it as a digest. */
    val text: String get() = "${rule.name}/${rule.kind.label}/$subject"
}

/** A digest, so that stores and messages hold no names. */
internal fun subjectOf(per: Set<Dimension>, facts: LimitFacts): String {
    if (per.isEmpty()) return EVERYTHING
    val digest = MessageDigest.getInstance("SHA-256")
    for (dimension in Dimension.entries) {
        if (dimension !in per) continue
        val value = valueOf(dimension, facts).toByteArray()
        digest.update("${dimension.label} ${value.size} ".toByteArray())
        digest.update(value)
    }
    return HexFormat.of().formatHex(digest.digest(), 0, SUBJECT_BYTES)
}

private fun valueOf(dimension: Dimension, facts: LimitFacts): String {
    val caller = facts.caller
    return when (dimension) {
        Dimension.KEY -> named(caller.key, caller)
        Dimension.USER -> named(caller.user, caller)
        Dimension.TEAM -> named(caller.team, caller)
        Dimension.MODEL -> facts.model.orEmpty()
        Dimension.DECISION -> facts.decision ?: LimitFacts.UNDECIDED
    }
}

private fun named(name: String?, caller: LimitCaller) = if (name == null) "from ${caller.place}" else "is $name"

/** Of an IPv6 address the first half: whoever has one address has all of its network. */
private fun networkOf(address: ByteArray): String = HexFormat.of().formatHex(address, 0, minOf(address.size, NETWORK_BYTES))

private const val EVERYTHING = "all"
private const val SUBJECT_BYTES = 16
private const val NETWORK_BYTES = 8
