package routercluster.silo.join

import com.typesafe.config.Config
import routercluster.grains.WireVersion

/** The format of policy files that nodes hand each other. */
internal const val POLICY_FORMAT = "v0.3"

/** What a node tells of itself when it asks to join, as settings. */
internal object JoinKeys {
    const val NAME = "router.cluster.name"
    const val WIRE_WRITTEN = "router.cluster.wire-version"
    const val WIRE_OLDEST = "router.cluster.wire-version-oldest"
    const val FORMAT = "router.cluster.policy-format"

    /** Not told: finds the node's [JoinState] in this process. */
    const val NODE_ID = "router.cluster.node-id"

    val told = listOf(NAME, WIRE_WRITTEN, WIRE_OLDEST, FORMAT)

    fun of(name: String, nodeId: String): Map<String, Any> =
        mapOf(
            NAME to name,
            WIRE_WRITTEN to WireVersion.WRITTEN,
            WIRE_OLDEST to WireVersion.OLDEST_READ,
            FORMAT to POLICY_FORMAT,
            NODE_ID to nodeId,
        )
}

/** Why the node of [mine] cannot join the cluster of [theirs]; null where it can. */
internal fun whyNot(mine: Config, theirs: Config): String? {
    val absent = JoinKeys.told.filterNot(theirs::hasPath)
    if (absent.isNotEmpty()) return "the other side says nothing of ${absent.joinToString()}: it is no RouterCluster node of this line"

    fun differs(key: String) = mine.getString(key) != theirs.getString(key)

    fun version(config: Config, key: String) = config.getInt(key)
    return when {
        differs(JoinKeys.NAME) -> {
            "this node belongs to cluster \"${mine.getString(JoinKeys.NAME)}\", the one it asked is \"${theirs.getString(JoinKeys.NAME)}\""
        }

        version(theirs, JoinKeys.WIRE_WRITTEN) < version(mine, JoinKeys.WIRE_OLDEST) ||
            version(mine, JoinKeys.WIRE_WRITTEN) < version(theirs, JoinKeys.WIRE_OLDEST) -> {
            "this node speaks wire version ${spoken(mine)}, the cluster ${spoken(theirs)}: update in smaller steps"
        }

        differs(JoinKeys.FORMAT) -> {
            "this node reads policies of format ${mine.getString(JoinKeys.FORMAT)}, the cluster has ${theirs.getString(JoinKeys.FORMAT)}"
        }

        else -> {
            null
        }
    }
}

private fun spoken(config: Config) =
    "${config.getInt(JoinKeys.WIRE_WRITTEN)} and reads from ${config.getInt(JoinKeys.WIRE_OLDEST)} on"
