package routercluster.cli.serve

import org.slf4j.LoggerFactory
import routercluster.cli.Failure
import routercluster.grains.state.MemoryStateStore
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateStore
import routercluster.grains.state.WatchedStateStore
import routercluster.grains.state.file.FileStateStore
import routercluster.grains.state.redis.RedisSettings
import routercluster.grains.state.redis.RedisStateStore
import routercluster.grains.state.redis.RedisTls
import routercluster.policy.RedisAddress
import routercluster.policy.TlsFiles
import java.nio.file.Path
import java.time.Clock
import java.time.Duration

private const val FOLDER = "state"

/**
 * Where the grains of a node keep their states.
 *
 * @property isDurable whether what was kept is there for every node after a restart of all
 * @property trouble what is wrong with the store now, in words; null while nothing is
 */
internal class KeptStates(val store: StateStore, val isDurable: Boolean, val trouble: () -> String? = { null })

/**
 * The Redis that the policy names; else, for a router that is alone and has a policy file, a file in its data folder; else memory.
 *
 * @throws Failure where the file cannot be used
 */
internal fun keptStates(settings: ServeSettings): KeptStates {
    val redis = settings.policy.responses.redis
    val folder = settings.dataFolder()
    return when {
        redis != null -> {
            watched(RedisStateStore(redis.toSettings()), "Redis", REDIS_LOOK_AFTER)
        }

        settings.cluster == null && folder != null -> {
            watched(openFile(folder.resolve(FOLDER)), "the data folder", FILE_LOOK_AFTER)
        }

        else -> {
            if (settings.cluster != null) log.warn(NOTHING_SHARED)
            KeptStates(MemoryStateStore(Clock.systemUTC()), isDurable = false)
        }
    }
}

/** Where this machine keeps what outlives the process; null where nothing says. */
internal fun ServeSettings.dataFolder(): Path? = data ?: file?.toAbsolutePath()?.resolveSibling("data")

private fun watched(store: StateStore, name: String, lookAfter: Duration): KeptStates =
    WatchedStateStore.watched(store, name, lookAfter).let { KeptStates(it, isDurable = true, trouble = it::trouble) }

private fun openFile(folder: Path): StateStore =
    try {
        FileStateStore.open(folder, Clock.systemUTC())
    } catch (failure: StateFailure) {
        throw Failure("states cannot be kept in $folder: ${failure.message}; --data-dir names another folder")
    }

internal fun RedisAddress.toSettings(): RedisSettings =
    RedisSettings(
        host = host,
        port = port,
        password = password?.let { secret -> { secret.reveal().toCharArray() } },
        database = database,
        tls = tls?.toSettings(),
        keyPrefix = keyPrefix ?: RedisSettings.KEY_PREFIX,
        timeout = timeout ?: RedisSettings.TIMEOUT,
    )

private fun TlsFiles.toSettings(): RedisTls {
    val own = certificate?.let { certificate -> key?.let { Path.of(certificate) to Path.of(it) } }
    return RedisTls(authorities?.let(Path::of), own)
}

/** Without a save. */
private val REDIS_LOOK_AFTER: Duration = Duration.ofSeconds(5)

/** Rarely: each look wakes the disk. */
private val FILE_LOOK_AFTER: Duration = Duration.ofSeconds(60)
private const val NOTHING_SHARED =
    "the policy names no Redis (global.services.response_api.redis): this cluster offers no Responses API and takes no feedback, " +
        "and counts of limits begin anew when the node that keeps them ends"
private val log = LoggerFactory.getLogger("routercluster.state")
