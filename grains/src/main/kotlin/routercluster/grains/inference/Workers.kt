package routercluster.grains.inference

import org.apache.pekko.actor.typed.ActorRef
import routercluster.policy.encode.EncodeFailure

/** The workers that a dispatcher knows of. */
internal class Workers(private val circuit: CircuitSettings) {
    private val known = LinkedHashMap<ActorRef<*>, Worker>()

    /** Whether the receptionist has named the workers. */
    private var isInformed = false

    /** Whether it is not yet known who offers what. */
    val mayStillCome: Boolean get() = !isInformed || known.values.any { it.offer == null }

    val refs: List<ActorRef<InferenceCommand>> get() = known.values.map { it.ref }

    fun find(ref: ActorRef<*>): Worker? = known[ref]

    /** Those of [found], which is all that the receptionist knows, that are new. */
    fun missing(found: Set<ActorRef<InferenceCommand>>): List<ActorRef<InferenceCommand>> {
        isInformed = true
        return found.filter { it !in known }
    }

    /** Those that are not among [found]. */
    fun beyond(found: Set<ActorRef<InferenceCommand>>): List<Worker> = known.values.filter { it.ref !in found }

    fun add(ref: ActorRef<InferenceCommand>) {
        known[ref] = Worker(ref, circuit)
    }

    fun remove(worker: Worker) {
        known.remove(worker.ref)
    }

    /** Where [encoder] should answer soonest, but for [tried]; one whose device is not ready only where there is no other. */
    fun best(encoder: EncoderId, tried: Set<ActorRef<InferenceCommand>>, now: Long): Worker? =
        known.values
            .filter { it.id == encoder && it.ref !in tried && it.circuit.allows(now) }
            .minWithOrNull(compareBy({ !it.isReady }, { it.expectedNanos(now) }))

    fun offerOf(encoder: EncoderId): WireEncoder? = known.values.firstOrNull { it.id == encoder }?.offer

    /** Why nobody answers for [encoder]. */
    fun lackOf(encoder: EncoderId, now: Long): EncodeFailure {
        val offers = known.values.mapNotNull { it.id }
        val versions = offers.filter { it.name == encoder.name }.map { it.version }.distinct()
        val isResting = known.values.none { it.id == encoder && it.circuit.allows(now) }
        val reason =
            when {
                known.isEmpty() -> {
                    "no inference worker is in the cluster"
                }

                offers.isEmpty() -> {
                    "the cluster's inference workers do not answer"
                }

                versions.isEmpty() -> {
                    "no inference worker offers it; they offer ${offers.map { it.name }.distinct().joinToString()}"
                }

                encoder.version !in versions -> {
                    "this node has version ${encoder.version} of its files, the workers " +
                        versions.joinToString()
                }

                isResting -> {
                    "every inference worker that offers it rests after failures"
                }

                else -> {
                    "every inference worker that offers it was asked"
                }
            }
        return EncodeFailure.Unavailable("encoder ${encoder.name}: $reason")
    }

    fun facts(now: Long): List<WorkerFacts> = known.values.mapNotNull { it.facts(now) }
}
