package routercluster.gateway.tls

import com.linecorp.armeria.common.TlsKeyPair
import com.linecorp.armeria.common.TlsProvider
import com.linecorp.armeria.server.ServerTlsConfig
import io.netty.handler.ssl.ClientAuth
import org.slf4j.LoggerFactory
import routercluster.policy.ServerTls
import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.FileTime
import java.security.cert.X509Certificate

/** The files of a port's TLS cannot be used. [message] names the file; it holds nothing of what is in it. */
class InvalidTls(override val message: String) : RuntimeException(message)

/**
 * A port's certificate, key and trusted clients, from files. A handshake looks whether they have changed, at most once a second,
 * and takes what they hold then; connections that stand keep theirs. Files that cannot be used leave the last good ones in force
 * and are named in the log.
 *
 * @throws InvalidTls where they cannot be used to begin with
 */
internal class FileTls(private val files: ServerTls, private val ticker: () -> Long = System::nanoTime) : TlsProvider {
    val config: ServerTlsConfig =
        ServerTlsConfig.builder().clientAuth(if (files.clientCaFile == null) ClientAuth.NONE else ClientAuth.REQUIRE).build()

    private var lookedNanos = ticker()
    private var state = stamps()
    private var material = load()
    private var complaint: String? = null

    override fun keyPair(hostname: String): TlsKeyPair = fresh().keyPair

    override fun trustedCertificates(hostname: String): List<X509Certificate> = fresh().clientCas

    @Synchronized
    private fun fresh(): Material {
        if (ticker() - lookedNanos >= LOOK_NANOS) {
            lookedNanos = ticker()
            look()
        }
        return material
    }

    private fun look() {
        val now = stamps()
        // Files that were no good may be in the middle of being replaced, one after the other: they are tried again.
        if (now == state && complaint == null) return
        try {
            material = load()
            state = now
            complaint = null
            log.info("the certificate {} was read again", files.certificateFile)
        } catch (invalid: InvalidTls) {
            if (invalid.message != complaint) log.error("TLS files not read again, the last good ones stay in force: {}", invalid.message)
            complaint = invalid.message
        }
    }

    private fun load(): Material {
        val pair = readKeyPair(files.certificateFile, files.keyFile)
        return Material(pair, files.clientCaFile?.let(::readCertificates).orEmpty())
    }

    /** Null for a file that is not there. A link counts as what it leads to: Kubernetes swaps those. */
    private fun stamps(): List<FileTime?> =
        listOfNotNull(files.certificateFile, files.keyFile, files.clientCaFile).map { name ->
            try {
                Files.getLastModifiedTime(Path.of(name))
            } catch (_: IOException) {
                null
            }
        }

    private class Material(val keyPair: TlsKeyPair, val clientCas: List<X509Certificate>)

    private companion object {
        const val LOOK_NANOS = 1_000_000_000L
        val log = LoggerFactory.getLogger(FileTls::class.java)
    }
}
