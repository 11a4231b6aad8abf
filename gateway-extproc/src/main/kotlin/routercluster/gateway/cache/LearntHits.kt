package routercluster.gateway.cache

import com.github.benmanes.caffeine.cache.Caffeine
import routercluster.policy.cache.CacheSettings
import routercluster.policy.cache.CategoryStanding
import routercluster.policy.cache.HitLearner
import routercluster.policy.cache.HitLearnerState
import routercluster.policy.cache.LearntSharing
import routercluster.policy.cache.Likeness
import routercluster.policy.cache.Ruling
import routercluster.policy.cache.Wording
import routercluster.policy.catalog.Slot
import routercluster.policy.routing.Plan
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/** An entry that was ruled on for a request. */
internal class Candidate(val alike: Alike, val evidence: Evidence)

/** What it takes to learn from the answer of an [entry]: small, since it may be kept until somebody speaks. */
internal class Evidence(val entry: String, val category: String, val likeness: Likeness, val ruling: Ruling, val kept: SharedLearner)

/** What was learnt of a decision's hits. */
internal class LearntDecision(val recipe: String, val decision: String, val categories: List<LearntCategory>)

/**
 * @property lastRisk of the last request that had an entry near it; null where nothing was learnt by then
 * @property lastParts what its risk is made of, in log odds; empty where nothing is learnt yet
 */
internal class LearntCategory(val standing: CategoryStanding, val lastRisk: Double?, val lastParts: Map<String, Double>)

/**
 * Rules on hits by what judges found, for every decision whose wrong hits are bounded. All is learnt anew where the decision's settings
 * or its encoder change.
 *
 * @param random drawn from by many threads
 * @param sharing null keeps what is learnt in this process
 * @param versionOf an encoder's version, null while it is not open
 */
internal class LearntHits(
    private val random: Random,
    private val sharing: LearntSharing?,
    private val versionOf: (encoder: String) -> String?,
) : AutoCloseable {
    private data class Key(val recipe: String, val decision: String, val settings: CacheSettings, val encoder: String) {
        val name: String get() = sha256(HitLearnerState.FORMAT, recipe, decision, "$settings", encoder)
    }

    /** Verdicts on the answer of one entry. */
    private class Verdicts(var right: Int = 0, var wrong: Int = 0)

    private val learners = Caffeine.newBuilder().maximumSize(LEARNERS_MAX).build<Key, SharedLearner>(::learner)

    private fun learner(key: Key): SharedLearner {
        val maxRisk = key.settings.bounded?.maxRisk ?: 1.0
        return SharedLearner(HitLearner(key.settings::maxErrorFor, maxRisk), key.name, sharing)
    }

    /** The last candidate that was ruled on, to be explained. */
    private class Ruled(val risk: Double?, val likeness: Likeness)

    private val newest = Caffeine.newBuilder().maximumSize(LEARNERS_MAX).build<Pair<SharedLearner, String>, Ruled>()
    private val verdicts = Caffeine.newBuilder().maximumSize(ENTRIES_MAX).build<String, Verdicts> { Verdicts() }

    /** Rules on the nearest of [near] that no veto speaks against; null where there is none, which counts all the same. */
    fun rule(plan: Plan, settings: CacheSettings, asked: Wording, near: List<Alike>): Candidate? {
        val kept = learners.get(Key(plan.recipe.orEmpty(), plan.decision?.name.orEmpty(), settings, encoderOf(plan)))
        kept.ruled()
        val category = plan.category ?: NO_CATEGORY
        val nearest = near.firstOrNull { it.veto == null }
        val learner = kept.learner
        synchronized(learner) {
            if (nearest == null) {
                learner.rule(category, null, random.nextDouble())
                return null
            }
            val next = near.firstOrNull { it.similarity < nearest.similarity }?.similarity ?: 0.0
            val record = verdicts.get(nearest.id)
            val likeness = Likeness.of(asked, nearest.wording, nearest.similarity, nearest.similarity - next, record.right, record.wrong)
            val ruling = learner.rule(category, likeness, random.nextDouble())
            newest.put(kept to category, Ruled(ruling.risk, likeness))
            return Candidate(nearest, Evidence(nearest.id, category, likeness, ruling, kept))
        }
    }

    /** What was learnt, by decision. */
    fun told(): List<LearntDecision> =
        learners.asMap().map { (key, kept) ->
            val learner = kept.learner
            synchronized(learner) {
                val categories = learner.standings().map { standing ->
                    val last = newest.getIfPresent(kept to standing.category)
                    LearntCategory(standing, last?.risk, last?.let { learner.parts(standing.category, it.likeness) }.orEmpty())
                }
                LearntDecision(key.recipe, key.decision, categories)
            }
        }

    /** The answer of the entry was compared with one that a model gave, or somebody spoke of it. */
    fun looked(evidence: Evidence, isRight: Boolean) {
        val learner = evidence.kept.learner
        val due = synchronized(learner) {
            val record = verdicts.get(evidence.entry)
            if (isRight) record.right++ else record.wrong++
            learner.looked(evidence.category, evidence.likeness, evidence.ruling, isRight)
        }
        evidence.kept.looked(due)
    }

    private fun encoderOf(plan: Plan): String {
        val encoder = plan.policy.catalog
            .headFor(Slot.EMBEDDING)
            ?.ref
            ?.encoder
            .orEmpty()
        return "$encoder ${versionOf(encoder).orEmpty()}"
    }

    /** Waits until what was learnt is told, for some seconds at most. */
    override fun close() {
        val told = learners.asMap().values.map { it.settled() }
        CompletableFuture
            .allOf(*told.toTypedArray())
            .completeOnTimeout(null, CLOSE_SECONDS, TimeUnit.SECONDS)
            .exceptionally { null }
            .join()
    }

    private companion object {
        const val LEARNERS_MAX = 1_000L
        const val ENTRIES_MAX = 100_000L
        const val CLOSE_SECONDS = 3L

        /** Where no head tells topics. */
        const val NO_CATEGORY = ""
    }
}
