package routercluster.gateway.tls

import com.linecorp.armeria.common.TlsKeyPair
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.netty.handler.ssl.ClientAuth
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.policy.ServerTls
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.FileTime
import java.util.Base64

class FileTlsTest {
    @TempDir
    lateinit var folder: Path

    private val old = TlsKeyPair.ofSelfSigned("localhost")
    private val new = TlsKeyPair.ofSelfSigned("localhost")
    private var nanos = 0L
    private var writes = 0L

    private fun write(name: String, text: String): String {
        val file = Files.writeString(folder.resolve(name), text)
        Files.setLastModifiedTime(file, FileTime.fromMillis(++writes))
        return "$file"
    }

    private fun pem(kind: String, bytes: ByteArray) =
        "-----BEGIN $kind-----\n${Base64.getMimeEncoder().encodeToString(bytes)}\n-----END $kind-----\n"

    private fun certificate(pair: TlsKeyPair, name: String = "tls.crt") =
        write(name, pair.certificateChain().joinToString("") { pem("CERTIFICATE", it.encoded) })

    private fun key(pair: TlsKeyPair, name: String = "tls.key") = write(name, pem("PRIVATE KEY", pair.privateKey().encoded))

    private fun FileTls.serves(pair: TlsKeyPair) = keyPair("*").certificateChain() == pair.certificateChain()

    /** The next handshake, a second on. */
    private fun FileTls.servesThen(pair: TlsKeyPair): Boolean {
        nanos += 1_000_000_000
        return serves(pair)
    }

    @Test
    fun `a changed certificate is taken a second later, with its key`() {
        val tls = FileTls(ServerTls(certificate(old), key(old))) { nanos }
        tls.serves(old) shouldBe true
        certificate(new)
        key(new)
        nanos += 999_999_999
        tls.serves(old) shouldBe true
        nanos += 1
        tls.serves(new) shouldBe true
    }

    @Test
    fun `what is replaced by halves or broken leaves the last good one, and what is mended counts`() {
        val tls = FileTls(ServerTls(certificate(old), key(old))) { nanos }
        certificate(new)
        tls.servesThen(old) shouldBe true
        Files.delete(folder.resolve("tls.key"))
        tls.servesThen(old) shouldBe true
        write("tls.key", "-----BEGIN PRIVATE KEY-----\nAAAA")
        tls.servesThen(old) shouldBe true
        key(new)
        tls.servesThen(new) shouldBe true
    }

    @Test
    fun `clients show a certificate where the policy says by whom`() {
        val open = FileTls(ServerTls(certificate(old), key(old))) { nanos }
        open.config.clientAuth() shouldBe ClientAuth.NONE
        open.trustedCertificates("*") shouldBe emptyList()
        val guarded = FileTls(ServerTls(certificate(old), key(old), certificate(new, "clients.crt"))) { nanos }
        guarded.config.clientAuth() shouldBe ClientAuth.REQUIRE
        guarded.trustedCertificates("*") shouldBe new.certificateChain()
        certificate(old, "clients.crt")
        nanos += 1_000_000_000
        guarded.trustedCertificates("*") shouldBe old.certificateChain()
    }

    @Test
    fun `files that cannot be used are named`() {
        val good = ServerTls(certificate(old), key(old))
        val rows =
            listOf(
                good.copy(certificateFile = "none.crt") to "none.crt: cannot be read (NoSuchFileException)",
                good.copy(keyFile = "none.key") to "none.key: cannot be read (NoSuchFileException)",
                good.copy(certificateFile = good.keyFile) to "tls.key: holds no certificate in PEM",
                good.copy(keyFile = good.certificateFile) to "tls.crt: holds no private key in PKCS #8",
                good.copy(keyFile = key(new, "other.key")) to "other.key: is not the key of the certificate in",
                good.copy(clientCaFile = write("ca.crt", "")) to "ca.crt: holds no certificate in PEM",
            )
        for ((files, message) in rows) withClue("$files") { shouldThrow<InvalidTls> { FileTls(files) }.message shouldContain message }
    }
}
