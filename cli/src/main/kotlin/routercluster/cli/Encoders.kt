package routercluster.cli

import routercluster.gateway.encode.EncoderOpener
import routercluster.inference.BatchBounds
import routercluster.inference.EncoderConfig
import routercluster.inference.EncoderSource
import routercluster.inference.EncoderState
import routercluster.inference.OnnxEncoder
import routercluster.inference.Provider
import routercluster.inference.WindowBounds
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.headsOf
import routercluster.inference.openEncoder
import routercluster.inference.pii.PiiEncoder
import routercluster.inference.versionOf
import routercluster.policy.catalog.EncoderSettings
import routercluster.policy.catalog.ExecutionProvider
import routercluster.policy.catalog.Slot
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.PolicyFiles
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.EncoderStatus
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.OpenEncoder
import java.nio.file.Files
import java.nio.file.InvalidPathException
import java.nio.file.Path

/**
 * Joins policies to the encoders of this program. Proving a policy looks at small files only; a native library is loaded when an
 * encoder is opened.
 *
 * @param bundle folder of the encoder that comes with the program; without one the sentence encoder of a library stands in, which
 *   embeds and nothing else
 */
class Encoders(bundle: Path?) : EncoderOpener {
    private val bundled: EncoderSource = bundle?.takeIf(Files::isDirectory)?.let(EncoderSource::Folder) ?: EncoderSource.MiniLm

    /** What the policy file named [file] may refer to. */
    fun files(
        file: String,
    ): PolicyFiles = FolderFiles(parentOf(file), { described(EncoderSource.Folder(it), "$it") }, described(bundled, null))

    override fun open(settings: EncoderSettings): OpenEncoder {
        val source = settings.folder?.let { EncoderSource.Folder(Path.of(it)) } ?: bundled
        val encoder =
            try {
                openEncoder(configOf(settings, source))
            } catch (failure: EncoderLoadException) {
                throw EncodeFailure.Unavailable(failure.message.orEmpty(), failure)
            }
        val pii = HeadRef(settings.name, Slot.PII.headName)
        val served = if (pii in encoder.heads) PiiEncoder(encoder, pii) else encoder
        return LocalEncoder(encoder, served, versionOf(source) ?: "unversioned")
    }

    private fun described(source: EncoderSource, path: String?): EncoderFolder =
        try {
            EncoderFolder.Found(path, headsOf(source))
        } catch (failure: EncoderLoadException) {
            EncoderFolder.Broken(failure.message.orEmpty())
        }
}

/** @property encoder whose device does the work, [served] what callers are given */
private class LocalEncoder(private val encoder: OnnxEncoder, served: Encoder, private val version: String) :
    OpenEncoder,
    Encoder by served {
    override val status: EncoderStatus
        get() {
            val now = encoder.status
            return EncoderStatus(version, now.provider.name.lowercase(), now.fellBack, now.state == EncoderState.READY, now.queuedTokens)
        }

    override fun close() = encoder.close()
}

private fun configOf(settings: EncoderSettings, source: EncoderSource) =
    EncoderConfig(
        name = settings.name,
        source = source,
        providers = settings.providers.map(::providerOf),
        device = settings.device,
        threads = settings.threads ?: 0,
        batch = BatchBounds(tokens = settings.batchTokensMax, queueTokens = settings.queueTokensMax, wait = settings.queueWaitMax),
        windows = WindowBounds(settings.windowTokens, settings.windowOverlapTokens, settings.windowsMax),
    )

private fun providerOf(provider: ExecutionProvider): Provider =
    when (provider) {
        ExecutionProvider.CPU -> Provider.CPU
        ExecutionProvider.CUDA -> Provider.CUDA
        ExecutionProvider.TENSORRT -> Provider.TENSORRT
    }

/** A policy that was made for the occasion has no file: what it refers to counts from here. */
private fun parentOf(file: String): Path =
    try {
        Path.of(file).toAbsolutePath().parent
    } catch (_: InvalidPathException) {
        Path.of("")
    } ?: Path.of("")
