package routercluster.cli

import routercluster.gateway.encode.EncoderOpener
import routercluster.inference.BatchBounds
import routercluster.inference.EncoderConfig
import routercluster.inference.EncoderSource
import routercluster.inference.EncoderState
import routercluster.inference.HeadHint
import routercluster.inference.OnnxEncoder
import routercluster.inference.Provider
import routercluster.inference.WindowBounds
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.headsOf
import routercluster.inference.openEncoder
import routercluster.inference.pii.PiiEncoder
import routercluster.inference.versionOf
import routercluster.policy.Policy
import routercluster.policy.catalog.EncoderSettings
import routercluster.policy.catalog.ExecutionProvider
import routercluster.policy.catalog.Slot
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.EncoderStatus
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.OpenEncoder
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration

/** Proves a policy file with what lies beside it and with the encoder of this program. */
fun loadWithFiles(text: String, file: String, environment: (String) -> String?): Policy =
    loadPolicy(text, file, environment, filesBeside(Path.of(file).toAbsolutePath().parent))

private fun filesBeside(folder: Path): PolicyFiles = FolderFiles(folder, { described(EncoderSource.Folder(it), "$it") }, bundled)

private val bundled: EncoderFolder by lazy { described(programsEncoder(), null) }

/** The trained bundle where this program has one, else the plain sentence encoder in its jar. */
private fun programsEncoder(): EncoderSource {
    val home = System.getProperty(HOME_PROPERTY) ?: return EncoderSource.MiniLm
    val folder = Path.of(home).resolve("models/default")
    return if (Files.isDirectory(folder)) EncoderSource.Folder(folder) else EncoderSource.MiniLm
}

/** Set by the launcher: the folder that this program was unpacked or built in. */
private const val HOME_PROPERTY = "router.home"

private fun described(source: EncoderSource, path: String?): EncoderFolder =
    try {
        EncoderFolder.Found(path, headsOf(source))
    } catch (unusable: EncoderLoadException) {
        EncoderFolder.Broken(unusable.message.orEmpty())
    }

/** Opens encoders in this process; the first one loads the native libraries. */
val localEncoders =
    EncoderOpener { settings ->
        val source = sourceOf(settings)
        try {
            LocalEncoder(settings.name, openEncoder(configOf(settings, source)), versionOf(source))
        } catch (unusable: EncoderLoadException) {
            throw EncodeFailure.Unavailable("encoder ${settings.name}: ${unusable.message}", unusable)
        }
    }

/** Where the files of an encoder with [settings] are. */
internal fun sourceOf(settings: EncoderSettings): EncoderSource =
    settings.folder?.let { EncoderSource.Folder(Path.of(it)) } ?: programsEncoder()

private fun configOf(settings: EncoderSettings, source: EncoderSource) =
    EncoderConfig(
        name = settings.name,
        source = source,
        providers = settings.providers.map(::provider),
        device = settings.device,
        threads = settings.threads ?: 0,
        batch = BatchBounds(tokens = settings.batchTokensMax, queueTokens = settings.queueTokensMax, wait = settings.queueWaitMax),
        windows = WindowBounds(settings.windowTokens, settings.windowOverlapTokens, settings.windowsMax),
        hint = HeadHint(positive = settings.positiveLabels),
    )

private fun provider(provider: ExecutionProvider): Provider =
    when (provider) {
        ExecutionProvider.CPU -> Provider.CPU
        ExecutionProvider.CUDA -> Provider.CUDA
        ExecutionProvider.TENSORRT -> Provider.TENSORRT
    }

/** What the learned head finds of personal data and what exact recognisers find are one answer. */
private fun withExactPii(name: String, encoder: OnnxEncoder): Encoder {
    val pii = HeadRef(name, Slot.PII.headName)
    return if (pii in encoder.heads) PiiEncoder(encoder, pii) else encoder
}

private class LocalEncoder(name: String, private val encoder: OnnxEncoder, private val version: String) :
    OpenEncoder,
    Encoder by withExactPii(name, encoder) {
    override val status: EncoderStatus
        get() {
            val now = encoder.status
            val missing = now.missing.entries.joinToString("") { (provider, reason) -> ", not on ${provider.name.lowercase()}: $reason" }
            return EncoderStatus(
                version,
                now.provider.name.lowercase() + missing,
                now.fellBack,
                now.state == EncoderState.READY,
                now.queuedTokens,
                predictedWait(now.queuedTokens, now.tokensPerSecond),
            )
        }

    override fun close() = encoder.close()

    private fun predictedWait(tokens: Long, tokensPerSecond: Double): Duration =
        if (tokensPerSecond == 0.0) Duration.ZERO else Duration.ofNanos((tokens / tokensPerSecond * NANOS_PER_SECOND).toLong())
}

private const val NANOS_PER_SECOND = 1e9
