package routercluster.cli.serve

import routercluster.gateway.cache.SharedCache
import routercluster.grains.flights.GrainFlights
import routercluster.grains.flights.flightKind
import routercluster.grains.state.redis.RedisAnswers
import routercluster.policy.cache.SharedAnswers
import routercluster.silo.OpeningSilo
import java.security.SecureRandom

/** Flights go over all nodes of a cluster, and answers are shared where states are: in the Redis that the policy names. */
internal fun sharedCache(settings: ServeSettings, opening: OpeningSilo): SharedCache {
    val cache = settings.policy.cache
    val redis = settings.policy.responses.redis
        .takeIf { cache.enabled && cache.isShared }
    val answers = redis?.let { address -> { RedisAnswers(address.toSettings(), cache.sharedTimeout) as SharedAnswers } }
    val flights = settings.cluster?.let { GrainFlights(opening.host(flightKind()), "${opening.address}-${SecureRandom().nextLong()}") }
    return SharedCache(answers, flights)
}
