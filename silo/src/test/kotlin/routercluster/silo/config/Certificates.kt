package routercluster.silo.config

import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyStore
import java.security.cert.X509Certificate
import java.time.Duration
import java.util.Base64
import java.util.concurrent.TimeUnit
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.X509TrustManager

/** An authority and one node's certificate that it signed, made by the JDK's keytool, as PEM files and for a plain client. */
internal class Certificates(folder: Path, val name: String, san: String = "dns:router") {
    private val folder = Files.createDirectories(folder.resolve(name))
    private val keys: KeyStore

    init {
        tool("-genkeypair", "-keyalg", "RSA", "-alias", "ca", "-dname", "CN=authority $name", "-ext", "bc:c")
        tool("-genkeypair", "-keyalg", "RSA", "-alias", "node", "-dname", "CN=router", "-ext", "san=$san")
        tool("-certreq", "-alias", "node", "-file", "node.csr")
        tool("-gencert", "-alias", "ca", "-infile", "node.csr", "-outfile", "node.crt", "-ext", "san=$san", "-rfc")
        tool("-exportcert", "-alias", "ca", "-file", "ca.crt", "-rfc")
        tool("-importcert", "-alias", "node", "-file", "node.crt", "-noprompt")
        keys = KeyStore.getInstance(this.folder.resolve(STORE).toFile(), PASSWORD.toCharArray())
        val key = Base64.getMimeEncoder().encodeToString(keys.getKey("node", PASSWORD.toCharArray()).encoded)
        Files.writeString(this.folder.resolve("node.key"), "-----BEGIN PRIVATE KEY-----\n$key\n-----END PRIVATE KEY-----\n")
    }

    /** Puts the files into [target], over those that are there. */
    fun copyTo(target: Path): ClusterTls {
        val files = listOf("node.crt", "node.key", "ca.crt")
        files.forEach { Files.write(target.resolve(it), Files.readAllBytes(folder.resolve(it))) }
        val (certificate, key, ca) = files.map(target::resolve)
        return ClusterTls(certificate, key, ca, rereadAfter = Duration.ofMillis(1))
    }

    /** A client that shows the node's certificate and asks the other side for nothing. */
    fun client(): SSLContext {
        val managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm())
        managers.init(keys, PASSWORD.toCharArray())
        return SSLContext.getInstance("TLSv1.3").apply { init(managers.keyManagers, arrayOf(TrustsAll), null) }
    }

    private fun tool(vararg args: String) {
        val keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString()
        val always = listOf("-keystore", STORE, "-storepass", PASSWORD, "-storetype", "PKCS12")
        val process = ProcessBuilder(listOf(keytool) + args + always).directory(folder.toFile()).redirectErrorStream(true).start()
        val said = process.inputStream.readAllBytes().decodeToString()
        check(process.waitFor(TOOL_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0) { "keytool ${args.first()}: $said" }
    }

    private object TrustsAll : X509TrustManager {
        override fun checkClientTrusted(chain: Array<X509Certificate>, type: String) = Unit

        override fun checkServerTrusted(chain: Array<X509Certificate>, type: String) = Unit

        override fun getAcceptedIssuers(): Array<X509Certificate> = emptyArray()
    }

    companion object {
        private const val STORE = "keys.p12"
        private const val PASSWORD = "not-a-secret"
        private const val TOOL_SECONDS = 60L

        /** A client without a certificate. */
        fun anonymous(): SSLContext = SSLContext.getInstance("TLSv1.3").apply { init(null, arrayOf(TrustsAll), null) }
    }
}
