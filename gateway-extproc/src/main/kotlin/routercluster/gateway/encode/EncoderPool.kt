package routercluster.gateway.encode

import org.slf4j.LoggerFactory
import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.EncoderSettings
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.EncoderStatus
import routercluster.policy.encode.OpenEncoder

/** Opens encoders. Takes as long as that takes. */
fun interface EncoderOpener {
    /** @throws EncodeFailure.Unavailable with the reason */
    fun open(settings: EncoderSettings): OpenEncoder

    companion object {
        /** For a program without encoders. */
        val NONE = EncoderOpener { throw EncodeFailure.Unavailable("this program has no encoders") }
    }
}

/** Encoders that somebody uses: [encoder] works until [close]. */
class EncoderLease internal constructor(val encoder: Encoder, private val giveBack: () -> Unit) : AutoCloseable {
    override fun close() = giveBack()
}

/**
 * The encoders that are open. Policies whose settings of an encoder are equal share it; it is closed when the last of them gives it
 * back. Safe for use by many threads; opening makes other openings wait, not users.
 *
 * @param opened is told the name of every encoder that was opened
 */
class EncoderPool(private val opener: EncoderOpener, private val opened: (String) -> Unit = {}) : AutoCloseable {
    private class Shared(val encoder: OpenEncoder, var users: Int)

    private val shared = LinkedHashMap<EncoderSettings, Shared>()
    private var closed = false

    /**
     * Opens what is not open yet of the encoders in [catalog].
     *
     * @throws EncodeFailure.Unavailable where one cannot be opened; then none is held
     */
    @Synchronized
    fun lease(catalog: Catalog): EncoderLease {
        val taken = mutableListOf<EncoderSettings>()
        try {
            catalog.encoders.values.forEach {
                take(it)
                taken += it
            }
        } catch (failure: EncodeFailure) {
            giveBack(taken)
            throw failure
        }
        return EncoderLease(JoinedEncoder(taken.associate { it.name to shared.getValue(it).encoder })) { giveBack(taken) }
    }

    /** By name, of those that are open. */
    @Synchronized
    fun status(): Map<String, EncoderStatus> = shared.entries.associate { (settings, it) -> settings.name to it.encoder.status }

    /** Whoever still uses one finds it closed. */
    @Synchronized
    override fun close() {
        closed = true
        shared.values.forEach { it.encoder.close() }
        shared.clear()
    }

    private fun take(settings: EncoderSettings) {
        if (closed) throw EncodeFailure.Unavailable("the router is shutting down")
        val open = shared[settings]
        if (open != null) {
            open.users++
            return
        }
        shared[settings] = Shared(opener.open(settings), users = 1)
        log.info("encoder {} is open", settings.name)
        opened(settings.name)
    }

    @Synchronized
    private fun giveBack(taken: List<EncoderSettings>) {
        for (settings in taken) {
            val open = shared[settings] ?: continue
            if (--open.users > 0) continue
            shared.remove(settings)
            open.encoder.close()
            log.info("encoder {} is closed", settings.name)
        }
    }

    private companion object {
        val log = LoggerFactory.getLogger(EncoderPool::class.java)
    }
}
