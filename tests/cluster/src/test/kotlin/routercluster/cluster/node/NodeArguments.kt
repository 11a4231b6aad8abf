package routercluster.cluster.node

/**
 * @property redisPort of 127.0.0.1
 * @property joins `host:port` of the nodes to join through, the first of which starts the cluster
 * @property idleMillis time after which a conversation goes to sleep
 */
class NodeArguments(
    val host: String,
    val clusterPort: Int,
    val httpPort: Int,
    val adminPort: Int,
    val redisPort: Int,
    val joins: List<String>,
    val idleMillis: Long,
    val version: String,
) {
    fun write(): List<String> =
        listOf(host, "$clusterPort", "$httpPort", "$adminPort", "$redisPort", joins.joinToString(","), "$idleMillis", version)

    companion object {
        fun read(words: Array<String>) =
            NodeArguments(
                words[0],
                words[1].toInt(),
                words[2].toInt(),
                words[3].toInt(),
                words[4].toInt(),
                words[5].split(','),
                words[6].toLong(),
                words[7],
            )
    }
}
