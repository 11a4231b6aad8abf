package routercluster.policy.config.prove

import routercluster.policy.Forwarding
import routercluster.policy.GatewaySettings
import routercluster.policy.IdentityHeaders
import routercluster.policy.Limits
import routercluster.policy.Listener
import routercluster.policy.config.Problems
import routercluster.policy.config.raw.RawForwarding
import routercluster.policy.config.raw.RawGateway
import routercluster.policy.config.raw.RawGlobal
import routercluster.policy.config.raw.RawLimits
import routercluster.policy.config.raw.RawListener
import java.time.Duration

private val listenerTimeout = Duration.ofSeconds(300)
private const val EVERY_INTERFACE = "0.0.0.0"

internal fun proveListeners(raw: List<RawListener>, problems: Problems): List<Listener> {
    refuseDuplicates(raw.map { it.name }, "listener", problems)
    val listeners = raw.map { Listener(it.name.value, it.address?.value ?: EVERY_INTERFACE, it.port, it.timeout ?: listenerTimeout) }
    val taken = mutableSetOf<Pair<String, Int>>()
    raw.zip(listeners).forEach { (written, listener) ->
        if (parseHostPort(bracketed(listener.address), defaultPort = 1) == null) {
            problems.add(written.section.at("address"), "is not an address to listen on", listener.address, "an IP address or a host name")
        }
        if (listener.port != 0 && !taken.add(listener.address to listener.port)) {
            problems.add(written.section.at("port"), "is another listener's port already", "${listener.port}", "a port of its own")
        }
    }
    return listeners
}

private fun bracketed(address: String): String = if (':' in address) "[$address]" else address

internal fun proveIdentity(raw: RawGlobal, problems: Problems): IdentityHeaders {
    val default = IdentityHeaders()
    return IdentityHeaders(
        raw.userHeader?.let { proveHeaderName(it, problems) } ?: default.user,
        raw.groupsHeader?.let { proveHeaderName(it, problems) } ?: default.groups,
        raw.authzFailOpen ?: default.failOpen,
    )
}

internal fun proveGateway(raw: RawGateway, upstreams: NamedUpstreams, problems: Problems): GatewaySettings {
    val default = GatewaySettings()
    raw.trustedPeers.filterNot { isCidr(it.value) }.forEach {
        problems.add(it.at, "is not a CIDR block", it.value, "an address or a block such as 10.0.0.0/8 or fd00::/8")
    }
    return GatewaySettings(
        limits(raw.limits, problems),
        forwarding(raw.forwarding, problems),
        raw.trustedPeers.map { it.value },
        raw.decisionsKept ?: default.decisionsKept,
        raw.drainTimeout ?: default.drainTimeout,
        raw.drainGrace ?: default.drainGrace,
        raw.noStreamUsageFrom.flatMapTo(mutableSetOf()) { upstreams.ids(it, problems) },
        raw.speakResponses.flatMapTo(mutableSetOf()) { upstreams.ids(it, problems) },
        raw.extProcTls,
        raw.confidence ?: default.confidence,
        raw.evaluation ?: default.evaluation,
        raw.decisionsKeptFor,
        raw.feedbackPerIdentityMax ?: default.feedbackPerIdentityMax,
        raw.hints,
        raw.kafka?.let { proveKafka(it, problems) },
    )
}

private fun limits(raw: RawLimits, problems: Problems): Limits {
    val default = Limits()
    val limits = Limits(
        raw.bodyBytesMax ?: default.bodyBytesMax,
        raw.jsonDepthMax ?: default.jsonDepthMax,
        raw.messagesMax ?: default.messagesMax,
        raw.headersMax ?: default.headersMax,
        raw.headerBytesMax?.toInt() ?: default.headerBytesMax,
        raw.concurrentRequestsMax ?: default.concurrentRequestsMax,
        raw.bodyBytesInFlightMax ?: maxOf(default.bodyBytesInFlightMax, raw.bodyBytesMax ?: 0),
    )
    if (limits.bodyBytesInFlightMax < limits.bodyBytesMax) {
        raw.at?.let {
            problems.add(
                it.copy(path = "${it.path}.body_bytes_in_flight_max"),
                "is less than body_bytes_max, which one body may have",
            )
        }
    }
    return limits
}

private fun forwarding(raw: RawForwarding, problems: Problems): Forwarding {
    val default = Forwarding()
    val total = raw.totalTimeout ?: default.totalTimeout
    val forwarding =
        Forwarding(
            raw.attemptsMax ?: default.attemptsMax,
            raw.connectTimeout ?: minOf(default.connectTimeout, total),
            raw.firstByteTimeout ?: minOf(default.firstByteTimeout, total),
            raw.idleTimeout ?: minOf(default.idleTimeout, total),
            total,
            raw.fallBackOn ?: default.fallBackOn,
            raw.retryBudgetPercent ?: default.retryBudgetPercent,
            raw.hedgeAfter,
            raw.hedgePercentMax ?: default.hedgePercentMax,
            raw.backoff ?: default.backoff,
            raw.retryAfterMax ?: default.retryAfterMax,
        )
    val longest = listOf(
        "connect_timeout" to forwarding.connectTimeout,
        "first_byte_timeout" to forwarding.firstByteTimeout,
        "idle_timeout" to forwarding.idleTimeout,
    )
    longest.filter { it.second > total }.forEach { (key, _) ->
        raw.at?.let { problems.add(it.copy(path = "${it.path}.$key"), "is longer than total_timeout") }
    }
    return forwarding
}
