package routercluster.inference

import routercluster.inference.batch.Device
import routercluster.inference.folder.Description
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.folder.HEADS_FILE
import routercluster.inference.folder.HeadSpec
import routercluster.inference.folder.describeBundle
import routercluster.inference.folder.describeHuggingFace
import routercluster.inference.folder.filesOf
import routercluster.inference.network.Network
import routercluster.inference.network.Opened
import routercluster.inference.network.openWith
import routercluster.inference.text.Tokenizer
import routercluster.inference.text.WindowPlan
import java.util.concurrent.ArrayBlockingQueue
import java.util.concurrent.ScheduledThreadPoolExecutor
import java.util.concurrent.ThreadFactory
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit

/**
 * Opens an encoder: reads its folder, checks it against the network, runs a first small pass. This is what loads the native libraries.
 *
 * @throws EncoderLoadException for a folder that is wrong, or a device that is not there
 */
fun openEncoder(config: EncoderConfig): OnnxEncoder {
    val files = filesOf(config.source)
    val description = if (files.size(HEADS_FILE) != null) describeBundle(files) else describeHuggingFace(files, config.hint)
    val windows = windowsOf(config, description)
    val tokenizer = Tokenizer.open(files)
    val network =
        try {
            openWith(config.name, config.providers) { openNetwork(config, description, it) }
        } catch (failure: EncoderLoadException) {
            tokenizer.close()
            throw failure
        }
    return try {
        OnnxEncoder(config, parts(config, description, windows, tokenizer, network))
    } catch (failure: EncoderLoadException) {
        network.session.close()
        tokenizer.close()
        throw failure
    }
}

private fun openNetwork(config: EncoderConfig, description: Description, providers: List<Provider>) =
    Network.open(config, description.files, description.model, description.padId, providers)

private fun parts(
    config: EncoderConfig,
    description: Description,
    windows: WindowPlan,
    tokenizer: Tokenizer,
    network: Opened<Network>,
): EncoderParts {
    val heads = description.headsFor(network.session.shapes)
    checkNames(config, heads)
    val working = config.providers.drop(config.providers.indexOf(network.provider))
    val device =
        Device(
            config.name,
            config.batch,
            network.session,
            description.rowsDiffer,
            System::nanoTime,
        ) { openNetwork(config, description, working) }
    val threads = threads(config.name)
    val pool = ThreadPoolExecutor(POOL_THREADS, POOL_THREADS, 1, TimeUnit.MINUTES, ArrayBlockingQueue(POOL_QUEUE), threads)
    val timer = ScheduledThreadPoolExecutor(1, threads).apply { removeOnCancelPolicy = true }
    return EncoderParts(heads, tokenizer, windows, device, network.provider, network.missing, pool, timer)
}

private fun checkNames(config: EncoderConfig, heads: List<HeadSpec>) {
    val twice = heads.groupBy(HeadSpec::name).filterValues { it.size > 1 }.keys
    if (twice.isNotEmpty()) throw EncoderLoadException("encoder ${config.name}: heads $twice are there twice")
    if (heads.isEmpty()) throw EncoderLoadException("encoder ${config.name} has no heads")
}

private fun windowsOf(config: EncoderConfig, description: Description): WindowPlan {
    val size = config.windows.size ?: minOf(description.window ?: WindowBounds.DEFAULT_SIZE, description.positions)
    if (size > description.positions) {
        val most = "${description.files.place} reads at most ${description.positions}"
        throw EncoderLoadException("encoder ${config.name}: windows of $size tokens; $most")
    }
    val overlap = config.windows.overlap ?: description.overlap ?: WindowBounds.DEFAULT_OVERLAP
    val pairSize = config.windows.size ?: minOf(WindowBounds.DEFAULT_SIZE, description.positions)
    return WindowPlan(size, pairSize, minOf(overlap, size / 2), config.windows.max)
}

private fun threads(name: String) = ThreadFactory { work -> Thread(work, "encoder-$name-texts").apply { isDaemon = true } }

/** One tokenises a long text while the other answers. */
private const val POOL_THREADS = 2

/** Replies and long texts that wait for a thread. */
private const val POOL_QUEUE = 4_096
