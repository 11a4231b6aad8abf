package routercluster.silo.config

import java.net.URI
import java.nio.file.Files
import java.nio.file.Path

/**
 * Where a pod finds the API of its Kubernetes.
 *
 * @property namespace whose pods are nodes
 * @property token file of the service account's token, which is renewed from time to time
 * @property authority PEM file of who signs the API's certificate
 */
data class KubernetesApi(val url: URI, val namespace: String, val token: Path, val authority: Path) {
    companion object {
        /** Where Kubernetes puts what a pod needs to ask its API. */
        private val ACCOUNT = Path.of("/var/run/secrets/kubernetes.io/serviceaccount")

        /** The API as every pod is told of it; null outside of a pod, or in one without a service account. */
        fun ofPod(environment: (String) -> String?, account: Path = ACCOUNT): KubernetesApi? {
            val host = environment("KUBERNETES_SERVICE_HOST") ?: return null
            val port = environment("KUBERNETES_SERVICE_PORT") ?: return null
            val namespace = account.resolve("namespace").takeIf(Files::isReadable) ?: return null
            val address = if (':' in host) "[$host]" else host
            val url = URI("https://$address:$port")
            return KubernetesApi(url, Files.readString(namespace).trim(), account.resolve("token"), account.resolve("ca.crt"))
        }
    }
}
