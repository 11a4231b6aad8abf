package routercluster.policy.request

import io.kotest.assertions.withClue
import kotlin.random.Random

/** Runs [check] with [count] random sources. A failure names the seed; `-Dseed=N` runs that one again. */
fun seededCases(count: Int, check: (Random) -> Unit) {
    val given = System.getProperty("seed")?.toLong()
    val first = given ?: System.nanoTime()
    for (seed in first until first + (if (given == null) count else 1)) withClue("-Dseed=$seed") { check(Random(seed)) }
}
