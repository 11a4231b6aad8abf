package routercluster.vectorstore

import routercluster.policy.vectors.CollectionId
import java.security.MessageDigest
import java.util.HexFormat

/** What a collection is called where folders and servers have one name for it: another for every version of an encoder. */
internal fun physicalName(id: CollectionId): String {
    val encoder = MessageDigest.getInstance("SHA-256").digest("${id.encoder}\u0000${id.encoderVersion}".toByteArray())
    return "${id.name}-${HexFormat.of().formatHex(encoder, 0, ENCODER_BYTES)}"
}

private const val ENCODER_BYTES = 12
