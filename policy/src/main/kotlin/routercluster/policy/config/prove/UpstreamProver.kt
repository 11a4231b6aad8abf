package routercluster.policy.config.prove

import routercluster.policy.config.Problems
import routercluster.policy.config.ProviderProfile
import routercluster.policy.config.Text
import routercluster.policy.config.azureProfile
import routercluster.policy.config.openAiProfile
import routercluster.policy.config.raw.RawBackend
import routercluster.policy.config.raw.RawModel
import routercluster.policy.models.Credential
import routercluster.policy.models.Secret
import routercluster.policy.models.Upstream
import java.net.URLEncoder

/** Resolves the addresses, paths and credentials of one model's `backend_refs`. */
internal class UpstreamProver(private val environment: (String) -> String?, private val problems: Problems) {
    fun prove(model: RawModel): List<Upstream> {
        if (model.backends.isEmpty()) problems.add(model.at, "needs an upstream", accepted = "at least one entry in backend_refs")
        refuseDuplicates(model.backends.mapNotNull { it.name }, "upstream of this model", problems)
        return model.backends.mapIndexedNotNull { index, backend -> upstream(model, backend, backend.name?.value ?: "backend-$index") }
    }

    private fun upstream(model: RawModel, backend: RawBackend, name: String): Upstream? {
        val profile = backend.profile ?: openAiProfile
        val credential = credential(backend, profile)
        val headers = headers(backend)
        val target = target(backend) ?: return null
        val upstreamModel = upstreamModel(model, backend, profile)
        val paths = paths(backend, profile, target.path, upstreamModel) ?: return null
        return Upstream(
            id = "${model.name.value}/$name",
            tls = target.tls,
            host = target.address.host,
            port = target.address.port,
            basePath = paths.base,
            chatPath = paths.chat,
            query = backend.apiVersion?.let { "api-version=" + URLEncoder.encode(it, Charsets.UTF_8) },
            model = upstreamModel,
            weight = maxOf(1, backend.weight ?: 1),
            credential = credential,
            headers = headers,
            provider = profile.name,
            versionPath = paths.version,
        )
    }

    /** The name for this kind of endpoint, else the model's name at its provider, else its own. */
    private fun upstreamModel(model: RawModel, backend: RawBackend, profile: ProviderProfile): String =
        model.externalModelIds[backend.type] ?: model.externalModelIds[profile.name.takeIf { backend.profile != null }]
            ?: model.providerModelId ?: model.name.value

    private fun target(backend: RawBackend): BaseUrl? {
        if (backend.protocol != null && backend.protocol.value !in protocols) {
            problems.add(backend.protocol.at, "unknown value", backend.protocol.value, protocols.joinToString(", "))
        }
        return when {
            backend.endpoint != null && backend.baseUrl != null -> {
                problems.add(
                    backend.baseUrl.at,
                    "does not go with endpoint: an upstream has one address",
                    accepted = "endpoint or base_url",
                )
                null
            }

            backend.endpoint != null -> {
                endpoint(backend, backend.endpoint)
            }

            backend.baseUrl != null -> {
                baseUrl(backend, backend.baseUrl)
            }

            else -> {
                problems.add(backend.at, "has no address", accepted = "endpoint: host:port, or base_url: https://host/v1")
                null
            }
        }
    }

    private fun endpoint(backend: RawBackend, written: Text): BaseUrl? {
        val address = parseHostPort(written.value, defaultPort = null)
        if (address ==
            null
        ) {
            problems.add(written.at, "is not an address", written.value, "host:port or [IPv6]:port; a URL goes into base_url")
        }
        return address?.let { BaseUrl(backend.protocol?.value == "https", it, "") }
    }

    private fun baseUrl(backend: RawBackend, written: Text): BaseUrl? {
        val url = parseBaseUrl(written.value)
        if (url == null) {
            problems.add(
                written.at,
                "is not a URL that can be used",
                written.value,
                "http(s)://host[:port][/path] without user, query or fragment",
            )
        } else if (backend.protocol != null && url.tls != (backend.protocol.value == "https")) {
            problems.add(backend.protocol.at, "contradicts base_url", backend.protocol.value, if (url.tls) "https" else "http")
        }
        return url
    }

    private class Paths(val base: String, val version: String, val chat: String?)

    /** @param path the address's own path, which like a base URL of OpenAI's clients takes the place of `/v1` */
    private fun paths(backend: RawBackend, profile: ProviderProfile, path: String, model: String): Paths? {
        val api = path.ifEmpty { usualPath(backend, profile, model) }
        if (api == null) {
            val at = backend.baseUrl ?: backend.endpoint
            problems.add(
                at?.at ?: backend.at,
                "has no path, and ${profile.name} has no usual one",
                accepted = "base_url with the path before /chat/completions",
            )
            return null
        }
        val versioned = api.endsWith(Upstream.OPENAI_VERSION)
        return Paths(
            if (versioned) api.removeSuffix(Upstream.OPENAI_VERSION) else api,
            if (versioned) Upstream.OPENAI_VERSION else "",
            backend.chatPath?.let { chatPath(it, path) },
        )
    }

    private fun usualPath(backend: RawBackend, profile: ProviderProfile, model: String): String? =
        when {
            profile === azureProfile && backend.apiVersion != null -> {
                "/openai/deployments/" + URLEncoder.encode(model, Charsets.UTF_8).replace("+", "%20")
            }

            else -> {
                profile.apiPath
            }
        }

    /** A `chat_path` continues the address's path; a `/v1` that both have is not doubled. */
    private fun chatPath(written: Text, path: String): String {
        if (!written.value.startsWith("/")) problems.add(written.at, "is not a path", written.value, "a path that starts with /")
        val doubled = path.endsWith(Upstream.OPENAI_VERSION) && written.value.startsWith("${Upstream.OPENAI_VERSION}/")
        return (if (doubled) path.removeSuffix(Upstream.OPENAI_VERSION) else path) + written.value
    }

    private fun credential(backend: RawBackend, profile: ProviderProfile): Credential? {
        val header = backend.authHeader?.let { proveHeaderName(it, problems) } ?: profile.header
        val word = backend.authPrefix ?: if (header == profile.header) {
            profile.prefix
        } else if (header == "authorization") {
            "Bearer"
        } else {
            ""
        }
        val fromEnvironment = backend.apiKeyEnv
            ?.let { environment(it.value) }
            ?.takeIf { it.isNotBlank() }
            ?.let(::Secret)
        if (backend.apiKeyEnv != null && fromEnvironment == null && backend.apiKey == null) {
            val name = backend.apiKeyEnv.value
            problems.add(
                backend.apiKeyEnv.at,
                "environment variable $name is not set, and there is no api_key",
                accepted = "a variable that is set",
            )
        }
        val secret = fromEnvironment ?: backend.apiKey ?: return null
        proveHeaderValue(secret.reveal(), (backend.apiKeyEnv ?: backend.authHeader)?.at ?: backend.at, problems)
        return Credential(header, if (word.isBlank()) "" else word.trim() + " ", secret)
    }

    private fun headers(backend: RawBackend): Map<String, String> {
        val headers =
            backend.extraHeaders.mapNotNull { (name, value) ->
                proveHeaderValue(value, name.at, problems)
                proveHeaderName(name, problems)?.let { Text(it, name.at) to value }
            }
        refuseDuplicates(headers.map { it.first }, "header", problems)
        return headers.associate { it.first.value to it.second }
    }

    private companion object {
        val protocols = listOf("http", "https")
    }
}
