package routercluster.gateway.tls

import com.linecorp.armeria.common.TlsKeyPair
import java.io.ByteArrayInputStream
import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.security.GeneralSecurityException
import java.security.PrivateKey
import java.security.PublicKey
import java.security.Signature
import java.security.cert.CertificateException
import java.security.cert.CertificateFactory
import java.security.cert.X509Certificate

/** @throws InvalidTls where a file cannot be read, or where the key is not the certificate's */
internal fun readKeyPair(certificateFile: String, keyFile: String): TlsKeyPair {
    val chain = readCertificates(certificateFile)
    val pair =
        try {
            TlsKeyPair.of(ByteArrayInputStream(bytes(keyFile)), ByteArrayInputStream(bytes(certificateFile)))
        } catch (_: IllegalArgumentException) {
            throw InvalidTls("$keyFile: holds no private key in PKCS #8 without a password; `openssl pkcs8 -topk8 -nocrypt` makes one")
        }
    if (!belongTogether(pair.privateKey(), chain.first().publicKey)) {
        throw InvalidTls("$keyFile: is not the key of the certificate in $certificateFile")
    }
    return pair
}

/** @throws InvalidTls where the file holds none */
internal fun readCertificates(file: String): List<X509Certificate> {
    val found =
        try {
            CertificateFactory.getInstance("X.509").generateCertificates(ByteArrayInputStream(bytes(file)))
        } catch (_: CertificateException) {
            emptyList()
        }
    return found.filterIsInstance<X509Certificate>().ifEmpty { throw InvalidTls("$file: holds no certificate in PEM") }
}

private fun bytes(file: String): ByteArray =
    try {
        Files.readAllBytes(Path.of(file))
    } catch (unreadable: IOException) {
        throw InvalidTls("$file: cannot be read (${unreadable.javaClass.simpleName})")
    }

private fun belongTogether(key: PrivateKey, certified: PublicKey): Boolean =
    try {
        val text = "any words at all will do".toByteArray()
        val algorithm = algorithms[key.algorithm] ?: key.algorithm
        val signed =
            Signature.getInstance(algorithm).run {
                initSign(key)
                update(text)
                sign()
            }
        Signature.getInstance(algorithm).run {
            initVerify(certified)
            update(text)
            verify(signed)
        }
    } catch (_: GeneralSecurityException) {
        false
    }

private val algorithms = mapOf("RSA" to "SHA256withRSA", "EC" to "SHA256withECDSA", "DSA" to "SHA256withDSA")
