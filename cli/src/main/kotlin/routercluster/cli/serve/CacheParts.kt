package routercluster.cli.serve

import routercluster.gateway.cache.CacheParts
import routercluster.grains.flights.GrainFlights
import routercluster.grains.flights.flightKind
import routercluster.grains.learnt.GrainLearntSharing
import routercluster.grains.learnt.learntKind
import routercluster.grains.state.redis.RedisAnswers
import routercluster.policy.cache.SharedAnswers
import routercluster.silo.OpeningSilo
import java.security.SecureRandom

/**
 * Flights go over all nodes of a cluster, and answers are shared where states are: in the Redis that the policy names. What is learnt of hits is
 * put together where states outlive a process.
 */
internal fun cacheParts(settings: ServeSettings, opening: OpeningSilo, states: KeptStates): CacheParts {
    val cache = settings.policy.cache
    val redis = settings.policy.responses.redis
        .takeIf { cache.enabled && cache.isShared }
    val answers = redis?.let { address -> { RedisAnswers(address.toSettings(), cache.sharedTimeout) as SharedAnswers } }
    val thisRun = "${opening.address}-${SecureRandom().nextLong()}"
    val flights = settings.cluster?.let { GrainFlights(opening.host(flightKind()), thisRun) }
    val learnt = if (states.isDurable) GrainLearntSharing(opening.host(learntKind(states.store)), thisRun) else null
    return CacheParts(answers, flights, learnt)
}
