package routercluster.vectorstore.embedded

import routercluster.policy.vectors.VectorLimits
import java.nio.file.Path
import java.time.Duration
import kotlin.math.log10
import kotlin.math.roundToInt

/**
 * @property folder of the store alone; made where it is not there
 * @property commitInterval what was acknowledged earlier than this, and the time that a commit takes, survives the end of the process
 * @property refreshInterval while many changes come, how long they are gathered before searches see them and they are acknowledged. A change
 *   that comes alone is seen at once
 * @property sweepInterval how often entries whose time is over are taken away
 * @property searchThreads threads that read
 * @property searchesWaitingMax reads that wait for one of them; more fail as overloaded
 * @property pointsWaitingMax points of one collection that wait to be put; more fail as overloaded
 * @property depth how many candidates an approximate search of up to 100,000 entries looks for, where fewer are asked for: more find
 *   more and take longer. See [depthOf]
 */
data class EmbeddedSettings(
    val folder: Path,
    val limits: VectorLimits = VectorLimits(),
    val commitInterval: Duration = Duration.ofSeconds(1),
    val refreshInterval: Duration = Duration.ofMillis(100),
    val sweepInterval: Duration = Duration.ofMinutes(1),
    val searchThreads: Int = maxOf(2, Runtime.getRuntime().availableProcessors()),
    val searchesWaitingMax: Int = 1_000,
    val pointsWaitingMax: Int = 20_000,
    val depth: Int = 100,
) {
    /**
     * Candidates of a search among so many [entries]: twice [depth] for ten times 100,000, three times for a hundred times, since the way
     * through a larger graph passes by more of what is near (measured, `bench/vectors`).
     */
    fun depthOf(entries: Int): Int = (depth * (1 + log10(maxOf(1.0, entries / DEPTH_ENTRIES)))).roundToInt()

    private companion object {
        const val DEPTH_ENTRIES = 100_000.0
    }
}
