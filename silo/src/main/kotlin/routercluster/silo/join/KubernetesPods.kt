package routercluster.silo.join

import com.fasterxml.jackson.core.JsonProcessingException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.silo.config.KubernetesApi
import java.io.IOException
import java.net.InetAddress
import java.net.URI
import java.net.URLEncoder
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.security.GeneralSecurityException
import java.security.KeyStore
import java.security.cert.CertificateFactory
import java.time.Duration
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory

/**
 * Addresses of the pods that [selector] selects, as the Kubernetes API lists them. Pods that are not ready count, since a node is not ready before it has
 * joined; those that have ended, or are about to, do not.
 */
internal class KubernetesPods(private val api: KubernetesApi, private val selector: String) {
    private val list =
        URI(
            "${api.url}/api/v1/namespaces/${api.namespace}/pods?limit=$PODS_MAX&labelSelector=${URLEncoder.encode(
                selector,
                Charsets.UTF_8,
            )}",
        )

    /** @throws IOException where the API does not answer, or with other than a list of pods; may block for twice [TIMEOUT] */
    fun addresses(): List<InetAddress> {
        val answer = client().send(request(), HttpResponse.BodyHandlers.ofInputStream())
        val body = answer.body().use { it.readNBytes(BYTES_MAX) }
        val json =
            try {
                mapper.readTree(body)
            } catch (broken: JsonProcessingException) {
                throw IOException("the Kubernetes API answered ${answer.statusCode()}, and no JSON", broken)
            }
        if (answer.statusCode() != OK) {
            throw IOException("the Kubernetes API answered ${answer.statusCode()}: ${json.path("message").asText()}")
        }
        return json.path("items").filter(::isAlive).map { InetAddress.getByName(it.path("status").path("podIP").textValue()) }
    }

    private fun isAlive(pod: JsonNode): Boolean {
        val status = pod.path("status")
        return status.hasNonNull("podIP") && status.path("phase").asText() in ALIVE && !pod.path("metadata").hasNonNull("deletionTimestamp")
    }

    private fun request(): HttpRequest =
        HttpRequest
            .newBuilder(list)
            .timeout(TIMEOUT)
            .header("authorization", "Bearer ${Files.readString(api.token).trim()}")
            .header("accept", "application/json")
            .build()

    /** Made for each question: there are few, and the authority's file may be another one by then. */
    private fun client(): HttpClient =
        HttpClient
            .newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(TIMEOUT)
            .sslContext(trusting())
            .build()

    private fun trusting(): SSLContext =
        try {
            val authorities = KeyStore.getInstance(KeyStore.getDefaultType()).apply { load(null, null) }
            Files.newInputStream(api.authority).use { file ->
                CertificateFactory.getInstance("X.509").generateCertificates(file).forEachIndexed { index, certificate ->
                    authorities.setCertificateEntry("$index", certificate)
                }
            }
            val managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm()).apply { init(authorities) }
            SSLContext.getInstance("TLS").apply { init(null, managers.trustManagers, null) }
        } catch (unusable: GeneralSecurityException) {
            throw IOException("${api.authority.fileName} holds no certificates that can be used", unusable)
        }

    private companion object {
        val TIMEOUT: Duration = Duration.ofSeconds(5)

        /** More than a cluster may have nodes. */
        const val PODS_MAX = 500

        /** A pod takes some 20 KB. */
        const val BYTES_MAX = 32 * 1024 * 1024
        const val OK = 200
        val ALIVE = setOf("Pending", "Running")
        val mapper = ObjectMapper()
    }
}
