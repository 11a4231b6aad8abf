package routercluster.policy.config.prove

import routercluster.policy.RedisAddress
import routercluster.policy.ResponsesSettings
import routercluster.policy.TlsFiles
import routercluster.policy.config.Problems
import routercluster.policy.config.raw.RawRedis
import routercluster.policy.config.raw.RawResponses
import routercluster.policy.config.raw.StoreBackend
import java.time.Duration

private const val REDIS_PORT = 6_379

/** Redis is the format's default, but without an address there is none to ask: then a file of this machine keeps what is kept. */
internal fun proveResponses(raw: RawResponses, problems: Problems): ResponsesSettings {
    val default = ResponsesSettings()
    val address = raw.redis?.address
    if (raw.store == StoreBackend.REDIS && address == null) {
        problems.add(raw.section.at("store_backend"), "has no server", accepted = "an address in the section redis, or memory")
    }
    if (raw.store == StoreBackend.MEMORY) {
        problems.notice(raw.section.at("store_backend"), "keeps conversations in a file of this machine, so that they outlive the process")
    }
    val redis = raw.redis.takeIf { address != null && raw.store != StoreBackend.MEMORY }?.let { proveRedis(it, problems) }
    val keepFor = raw.keepSeconds
        ?.toLong()
        ?.let(Duration::ofSeconds)
        ?.takeIf { !it.isZero }
    return ResponsesSettings(raw.enabled ?: default.enabled, redis, keepFor ?: default.keepFor)
}

private fun proveRedis(raw: RawRedis, problems: Problems): RedisAddress? {
    val address = raw.address ?: return null
    val parsed = parseHostPort(address.value, REDIS_PORT)
    if (parsed == null) problems.add(address.at, "is not an address", address.value, "host:port")
    if ((raw.certificate == null) != (raw.key == null)) {
        problems.add(address.at.copy(path = address.at.path.replaceAfterLast('.', "tls_cert_path")), "needs its key, and the key needs it")
    }
    return parsed?.let {
        RedisAddress(
            it.host,
            it.port,
            raw.database ?: 0,
            raw.password,
            raw.keyPrefix,
            raw.readSeconds
                ?.takeIf { seconds -> seconds > 0 }
                ?.toLong()
                ?.let(Duration::ofSeconds),
            TlsFiles(raw.authorities, raw.certificate, raw.key).takeIf { _ -> raw.tls },
        )
    }
}
