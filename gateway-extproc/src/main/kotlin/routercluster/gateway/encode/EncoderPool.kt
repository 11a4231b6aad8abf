package routercluster.gateway.encode

import org.slf4j.LoggerFactory
import routercluster.gateway.encode.remote.RemoteEncoders
import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.EncoderSettings
import routercluster.policy.catalog.ExternalModel
import routercluster.policy.catalog.RemoteSettings
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.EncoderStatus
import routercluster.policy.encode.LabelQuestion
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
 * @param opener opens those of this program
 * @param remotes opens those that are services; closed with the pool
 * @param opened is told the name of every encoder that was opened
 */
class EncoderPool(
    private val opener: EncoderOpener,
    private val remotes: RemoteEncoders = RemoteEncoders(),
    private val opened: (String) -> Unit = {},
) : AutoCloseable {
    /** What a policy wants open; equal ones are one. */
    private sealed interface Wanted {
        val name: String
    }

    private data class Local(val settings: EncoderSettings) : Wanted {
        override val name get() = settings.name
    }

    private data class Remote(val settings: RemoteSettings) : Wanted {
        override val name get() = settings.name
    }

    private data class Asked(val external: ExternalModel, val questions: List<LabelQuestion>) : Wanted {
        override val name get() = external.name
    }

    private class Shared(val encoder: OpenEncoder, var users: Int)

    private val shared = LinkedHashMap<Wanted, Shared>()
    private var closed = false

    /**
     * Opens what is not open yet of the encoders in [catalog], and of the language models that are asked [questions], which are
     * among [externals]; by default those that serve its slots.
     *
     * @throws EncodeFailure.Unavailable where one cannot be opened; then none is held
     */
    @Synchronized
    fun lease(
        catalog: Catalog,
        questions: List<LabelQuestion> = catalog.questions,
        externals: Map<String, ExternalModel> = catalog.externals,
    ): EncoderLease {
        val taken = mutableListOf<Wanted>()
        try {
            wanted(catalog, questions, externals).forEach {
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
    fun status(): Map<String, EncoderStatus> = shared.entries.associate { (wanted, it) -> wanted.name to it.encoder.status }

    /** Whoever still uses one finds it closed. */
    @Synchronized
    override fun close() {
        closed = true
        shared.values.forEach { it.encoder.close() }
        shared.clear()
        remotes.close()
    }

    private fun wanted(catalog: Catalog, questions: List<LabelQuestion>, externals: Map<String, ExternalModel>): List<Wanted> =
        catalog.encoders.values.map(::Local) +
            catalog.remotes.values.map(::Remote) +
            questions.groupBy { externals.getValue(it.ref.encoder) }.map { (external, its) -> Asked(external, its) }

    private fun take(wanted: Wanted) {
        if (closed) throw EncodeFailure.Unavailable("the router is shutting down")
        val open = shared[wanted]
        if (open != null) {
            open.users++
            return
        }
        shared[wanted] = Shared(open(wanted), users = 1)
        log.info("encoder {} is open", wanted.name)
        opened(wanted.name)
    }

    private fun open(wanted: Wanted): OpenEncoder =
        when (wanted) {
            is Local -> opener.open(wanted.settings)
            is Remote -> remotes.open(wanted.settings)
            is Asked -> remotes.open(wanted.external, wanted.questions)
        }

    @Synchronized
    private fun giveBack(taken: List<Wanted>) {
        for (wanted in taken) {
            val open = shared[wanted] ?: continue
            if (--open.users > 0) continue
            shared.remove(wanted)
            open.encoder.close()
            log.info("encoder {} is closed", wanted.name)
        }
    }

    private companion object {
        val log = LoggerFactory.getLogger(EncoderPool::class.java)
    }
}
