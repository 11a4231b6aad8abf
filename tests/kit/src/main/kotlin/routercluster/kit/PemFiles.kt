package routercluster.kit

import com.linecorp.armeria.common.TlsKeyPair
import java.nio.file.Files
import java.nio.file.Path
import java.util.Base64

/** A certificate that vouches for itself, for `localhost` and `127.0.0.1`, and its key. */
class PemFiles(folder: Path, name: String) {
    private val pair = TlsKeyPair.ofSelfSigned("localhost")
    val certificate: String = write(folder.resolve("$name.crt"), "CERTIFICATE", pair.certificateChain().single().encoded)
    val key: String = write(folder.resolve("$name.key"), "PRIVATE KEY", pair.privateKey().encoded)

    private fun write(file: Path, kind: String, bytes: ByteArray): String {
        val text = Base64.getMimeEncoder().encodeToString(bytes)
        return "${Files.writeString(file, "-----BEGIN $kind-----\n$text\n-----END $kind-----\n")}"
    }
}
