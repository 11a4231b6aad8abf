package routercluster.silo.config

import com.typesafe.config.Config
import com.typesafe.config.ConfigFactory
import routercluster.silo.join.JoinCheck
import routercluster.silo.join.JoinKeys

/** [config] as settings of Pekko, on top of what `silo.conf` has for every node. */
internal fun pekkoSettings(config: SiloConfig, nodeId: String): Config {
    val own = config.cluster?.let { clusterSettings(it, config.version, nodeId) } ?: ALONE
    val drain = mapOf("pekko.coordinated-shutdown.phases.before-service-unbind.timeout" to "${config.drainMax.toMillis()} ms")
    return config.overrides
        .withFallback(ConfigFactory.parseMap(own + drain))
        .withFallback(ConfigFactory.parseResources(SiloConfig::class.java.classLoader, "silo.conf"))
        .withFallback(ConfigFactory.load())
        .resolve()
}

/** What goes on between nodes is worth a line at level INFO; here nothing does. */
private val ALONE = mapOf("pekko.actor.provider" to "local", "pekko.loglevel" to "WARNING")

private fun clusterSettings(cluster: ClusterConfig, version: String, nodeId: String): Map<String, Any> =
    mapOf(
        "pekko.actor.provider" to "cluster",
        "pekko.remote.artery.canonical.hostname" to cluster.host,
        "pekko.remote.artery.canonical.port" to cluster.port,
        "pekko.cluster.roles" to cluster.roles.map { it.label },
        "pekko.cluster.app-version" to version,
        "pekko.cluster.configuration-compatibility-check.checkers.router" to JoinCheck::class.java.name,
    ) + JoinKeys.of(cluster.name, nodeId) + cluster.tls?.let(::tlsSettings).orEmpty()

private fun tlsSettings(tls: ClusterTls): Map<String, Any> =
    mapOf(
        "pekko.remote.artery.transport" to "tls-tcp",
        "pekko.remote.artery.ssl.ssl-engine-provider" to "org.apache.pekko.remote.artery.tcp.ssl.RotatingKeysSSLEngineProvider",
        "pekko.remote.artery.ssl.rotating-keys-engine.cert-file" to "${tls.certificate}",
        "pekko.remote.artery.ssl.rotating-keys-engine.key-file" to "${tls.key}",
        "pekko.remote.artery.ssl.rotating-keys-engine.ca-cert-file" to "${tls.ca}",
        "pekko.remote.artery.ssl.rotating-keys-engine.ssl-context-cache-ttl" to "${tls.rereadAfter.toMillis()} ms",
    )
