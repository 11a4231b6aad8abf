package routercluster.cli.serve

import routercluster.gateway.cache.CacheParts
import routercluster.gateway.cache.LearntFolder
import routercluster.grains.flights.GrainFlights
import routercluster.grains.flights.flightKind
import routercluster.grains.state.redis.RedisAnswers
import routercluster.policy.cache.SharedAnswers
import routercluster.silo.OpeningSilo
import java.security.SecureRandom
import java.time.Clock

private const val FOLDER = "answers-learnt"

/**
 * Flights go over all nodes of a cluster, and answers are shared where states are: in the Redis that the policy names. What is learnt of hits is
 * each node's own, in its data folder.
 */
internal fun cacheParts(settings: ServeSettings, opening: OpeningSilo): CacheParts {
    val cache = settings.policy.cache
    val redis = settings.policy.responses.redis
        .takeIf { cache.enabled && cache.isShared }
    val answers = redis?.let { address -> { RedisAnswers(address.toSettings(), cache.sharedTimeout) as SharedAnswers } }
    val flights = settings.cluster?.let { GrainFlights(opening.host(flightKind()), "${opening.address}-${SecureRandom().nextLong()}") }
    return CacheParts(answers, flights, settings.dataFolder()?.let { LearntFolder(it.resolve(FOLDER), Clock.systemUTC()) })
}
