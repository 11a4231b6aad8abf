package routercluster.policy.selectors

import routercluster.policy.Candidate
import kotlin.random.Random

/** A candidate of which too little is known to rank it; [what] says what is missing. */
internal class Unknown(val candidate: Candidate, val what: String)

/**
 * The candidates of [known], the best first, and those of [unknown], each of which is put first one time in so many as there are candidates,
 * and behind [known] else. Those of [last] come after all.
 */
internal fun exploring(known: List<Ranked>, unknown: List<Unknown>, last: List<Ranked>, random: Random): List<Ranked> {
    val count = known.size + unknown.size + last.size
    val drawn = unknown.shuffled(random)
    val explored = drawn.firstOrNull()?.takeIf { known.isEmpty() || random.nextInt(count) < unknown.size }
    val floor = minOf(known.lastOrNull()?.score ?: 0.0, 0.0)
    val each = 1.0 / if (known.isEmpty()) unknown.size else count
    val first = explored?.let {
        Ranked(it.candidate, (known.firstOrNull()?.score ?: 0.0) + 1.0, "explored: ${it.what}", each, isExplored = true)
    }
    val best = known.mapIndexed { place, it -> it.copy(propensity = if (place == 0) 1.0 - unknown.size * each else 0.0) }
    val rest = drawn
        .filter {
            it != explored
        }.map { Ranked(it.candidate, floor, "not explored this time: ${it.what}", each, isExplored = true) }
    val none = last.mapIndexed { place, it ->
        it.copy(score = floor, propensity = if (place == 0 && known.isEmpty() && unknown.isEmpty()) 1.0 else 0.0)
    }
    return listOfNotNull(first) + best + rest + none
}
