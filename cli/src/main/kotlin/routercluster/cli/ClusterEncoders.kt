package routercluster.cli

import routercluster.gateway.encode.EncoderOpener
import routercluster.grains.inference.EncoderId
import routercluster.grains.inference.Inference
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.versionOf
import routercluster.policy.catalog.EncoderSettings
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.OpenEncoder
import java.time.Duration

/** Workers may start after those who ask them; whoever opens an encoder in vain tries again. */
private val WORKERS_WAIT: Duration = Duration.ofSeconds(10)

/**
 * Opens the cluster's workers as encoders, for a node that has none of its own: it reads what an encoder's folder says of itself, and
 * neither its network nor a native library.
 *
 * @param inference this node's part of the cluster's
 */
fun remoteEncoders(inference: Inference): EncoderOpener = EncoderOpener { inference.encoder(idOf(it), WORKERS_WAIT) }

/** Opens encoders in this process and offers them to all nodes; asked are those of all nodes, this one's first. */
fun sharedEncoders(inference: Inference, local: EncoderOpener = localEncoders): EncoderOpener =
    EncoderOpener { settings ->
        val own = local.open(settings)
        val offer = inference.offer(settings.name, own)
        try {
            SharedEncoder(own, inference.encoder(EncoderId(settings.name, own.status.version), WORKERS_WAIT), offer)
        } catch (failure: EncodeFailure) {
            offer.close()
            own.close()
            throw failure
        }
    }

private fun idOf(settings: EncoderSettings): EncoderId =
    try {
        EncoderId(settings.name, versionOf(sourceOf(settings)))
    } catch (unusable: EncoderLoadException) {
        throw EncodeFailure.Unavailable("encoder ${settings.name}: ${unusable.message}", unusable)
    }

/** This node's encoder [own], which others are asked beside. Operators see how it is itself. */
private class SharedEncoder(private val own: OpenEncoder, private val all: OpenEncoder, private val offer: AutoCloseable) :
    OpenEncoder by all {
    override val status get() = own.status

    override fun close() {
        offer.close()
        all.close()
        own.close()
    }
}
