package routercluster.policy.config.raw

import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.models.Secret

/** The section `services.response_api`. Null means that the file does not say. */
internal class RawResponses(
    val enabled: Boolean?,
    val store: StoreBackend?,
    val keepSeconds: Int?,
    val redis: RawRedis?,
    val section: Section,
)

internal enum class StoreBackend { REDIS, MEMORY }

internal class RawRedis(
    val address: Text?,
    val password: Secret?,
    val database: Int?,
    val keyPrefix: String?,
    val readSeconds: Int?,
    val tls: Boolean,
    val authorities: String?,
    val certificate: String?,
    val key: String?,
)

internal fun readResponses(section: Section): RawResponses {
    if (section.int("max_responses", 1..Int.MAX_VALUE) != null) {
        section.problems.notice(
            section.at("max_responses"),
            "has no effect: what is kept is bounded by ttl_seconds and by the size of a conversation",
        )
    }
    return RawResponses(
        section.boolean("enabled"),
        section.oneOf("store_backend", StoreBackend.entries.associateBy { it.name.lowercase() }),
        section.int("ttl_seconds", 0..SECONDS_MAX),
        section.section("redis")?.let(::readRedis),
        section,
    )
}

private fun readRedis(section: Section): RawRedis {
    refuseCluster(section)
    ownConnections.forEach { key ->
        if (section.int(key, 0..CONNECTIONS_MAX) !=
            null
        ) {
            section.problems.notice(section.at(key), "has no effect: one connection carries all calls")
        }
    }
    listOf("dial_timeout", "write_timeout").forEach { key ->
        if (section.int(key, 0..TIMEOUT_MAX) !=
            null
        ) {
            section.problems.notice(section.at(key), "has no effect: read_timeout bounds every call as a whole")
        }
    }
    return RawRedis(
        section.text("address"),
        section.secret("password"),
        section.int("db", 0..DATABASE_MAX),
        section.string("key_prefix"),
        section.int("read_timeout", 0..TIMEOUT_MAX),
        section.boolean("tls_enabled") ?: false,
        section.string("tls_ca_path"),
        section.string("tls_cert_path"),
        section.string("tls_key_path"),
    )
}

/** Addresses of a cluster count in its mode only, and a file of settings where none are written here. */
private fun refuseCluster(section: Section) {
    section.texts("cluster_addresses")
    if (section.boolean("cluster_mode") == true) {
        section.problems.add(section.at("cluster_mode"), "is not built: one server is asked", "true", "false")
    }
    if (section.text("config_path") != null && section.text("address") == null) {
        section.problems.add(section.at("config_path"), "is not built", accepted = "the settings in this file")
    }
}

private val ownConnections = listOf("pool_size", "min_idle_conns", "max_retries")
private const val SECONDS_MAX = 315_360_000
private const val CONNECTIONS_MAX = 10_000
private const val TIMEOUT_MAX = 3_600
private const val DATABASE_MAX = 1_024
