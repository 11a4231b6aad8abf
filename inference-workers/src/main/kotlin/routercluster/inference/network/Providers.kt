package routercluster.inference.network

import ai.onnxruntime.OrtException
import ai.onnxruntime.OrtSession.SessionOptions
import org.slf4j.LoggerFactory
import routercluster.inference.Provider
import routercluster.inference.folder.EncoderLoadException

private val log = LoggerFactory.getLogger("routercluster.inference")

/** @property missing providers that were asked for first and are not there, with the reason */
internal class Opened<T>(val session: T, val provider: Provider, val missing: Map<Provider, String>)

/**
 * Opens with the first of [providers] that is there. The others behind it stay as its own fall-back for operators that it lacks.
 *
 * @throws EncoderLoadException where none is there
 */
internal fun <T> openWith(name: String, providers: List<Provider>, open: (List<Provider>) -> T): Opened<T> {
    val missing = LinkedHashMap<Provider, String>()
    for (at in providers.indices) {
        try {
            return Opened(open(providers.drop(at)), providers[at], missing)
        } catch (failure: OrtException) {
            val reason = failure.message.orEmpty()
            if (at == providers.lastIndex) throw noneOpened(name, providers, reason, failure)
            missing[providers[at]] = reason
            val (tried, next) = written(providers[at]) to written(providers[at + 1])
            log.warn("encoder {}: provider {} cannot be used, falling back to {}: {}", name, tried, next, reason)
        }
    }
    error("no provider was tried")
}

private fun noneOpened(name: String, providers: List<Provider>, reason: String, cause: OrtException): EncoderLoadException {
    val hint = if (providers.last() == Provider.CPU) "" else "; add cpu to providers to fall back, see docs/gpu.md for what a GPU needs"
    return EncoderLoadException("encoder $name: cannot be opened with provider ${written(providers.last())}: $reason$hint", cause)
}

internal fun written(provider: Provider): String = provider.name.lowercase()

internal fun SessionOptions.use(provider: Provider, device: Int) {
    when (provider) {
        Provider.CPU -> Unit
        Provider.CUDA -> addCUDA(device)
        Provider.TENSORRT -> addTensorrt(device)
    }
}
