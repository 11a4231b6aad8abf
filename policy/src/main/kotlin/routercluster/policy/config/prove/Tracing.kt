package routercluster.policy.config.prove

import routercluster.policy.TracingSettings
import routercluster.policy.config.Problems
import routercluster.policy.config.raw.RawTracing
import routercluster.policy.config.raw.Sampling

/** An endpoint without a scheme gets one by `insecure`. */
internal fun proveTracing(raw: RawTracing, problems: Problems): TracingSettings {
    val url = raw.endpoint?.value?.let { if ("://" in it) it else (if (raw.insecure) "http://" else "https://") + it }
    if (raw.endpoint != null && url != null && parseBaseUrl(url) == null) {
        problems.add(raw.endpoint.at, "is not an OTLP endpoint", raw.endpoint.value, "host:port or http(s)://host:port")
    }
    return TracingSettings(raw.enabled ?: true, url, raw.protocol, sampleRate(raw), raw.serviceName, raw.resource)
}

private fun sampleRate(raw: RawTracing): Double? =
    when (raw.sampling) {
        Sampling.ALWAYS_ON -> 1.0
        Sampling.ALWAYS_OFF -> 0.0
        Sampling.PROBABILISTIC -> raw.rate ?: 1.0
        null -> raw.rate
    }
