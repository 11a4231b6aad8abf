package routercluster.gateway.cache

import com.linecorp.armeria.server.ServerBuilder
import routercluster.gateway.pipeline.Journey
import routercluster.gateway.pipeline.Route
import routercluster.policy.Policy
import routercluster.policy.cache.CacheControl
import routercluster.policy.cache.CacheLedger
import routercluster.policy.cache.CacheSettings
import routercluster.policy.cache.Collected
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.RequestDigest
import routercluster.policy.cache.Ruling
import routercluster.policy.request.ChatBody
import routercluster.policy.request.Facts
import routercluster.policy.routing.Action
import routercluster.policy.routing.Plan
import routercluster.policy.routing.Target
import routercluster.policy.selectors.Ranked
import routercluster.policy.vectors.VectorStore
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import kotlin.random.Random
import routercluster.policy.Candidate as ModelCandidate

/**
 * Gives earlier answers to requests that are the same or alike, and keeps new ones. An equal request is answered before any signal is
 * read; an alike one after its decision is made. Trouble with a store is a miss, never an error.
 *
 * @param vectors opens the store of vectors; null where nothing is kept by them
 * @param versionOf an encoder's version, null while it is not open
 * @param random drawn from by many threads
 * @param ledger of answers that are not to be given again
 */
class AnswerDesk internal constructor(
    bytesMax: Long,
    vectors: (() -> VectorStore)?,
    namespaces: Namespaces,
    versionOf: (encoder: String) -> String?,
    private val clock: Clock,
    random: Random,
    private val events: Events,
    private val ledger: CacheLedger,
    tally: CacheTally,
) : AutoCloseable {
    private val equal = EqualAnswers(bytesMax, clock)
    private val alike = vectors?.let { AlikeAnswers(it, ledger) }
    private val learnt = LearntHits(random)
    private val keys = AnswerKeys(namespaces, versionOf)
    private val keeping = AnswerKeeping(equal, alike, keys, AnswerComparing(learnt, events), ledger, clock, random, events)

    /** For operators. */
    internal val operations = CacheOperations(equal, alike, learnt, ledger, namespaces, tally, clock)

    /** What operators may call. */
    internal fun addTo(server: ServerBuilder, policy: () -> Policy) = CacheApi(operations, clock, policy).addTo(server)

    /** The answer to a request that is equal to [body]; null where there is none to be given. */
    fun exact(journey: Journey, body: ChatBody, facts: Facts, target: Target): Route.Answer? {
        val recipe = (target as? Target.Routed)?.recipe ?: return null
        if (recipe.caches.isEmpty() || !journey.snapshot.policy.cache.enabled || !target.name.cache) return null
        val visit = CacheVisit(RequestDigest.of(body), facts, clock.instant())
        journey.cache = visit
        val scopes = recipe.caches.values
            .filter { it.mode.exact }
            .map { it.scope }
            .distinct()
        for (scope in scopes) {
            val key = keys.equal(journey, recipe, scope, visit) ?: continue
            val kept = equal.of(key)?.takeUnless { ledger.invalidations.forbids(key, it) } ?: continue
            val decision = recipe.decisions.firstOrNull { it.name == kept.decision }
            val settings = decision?.let(recipe.caches::get)?.takeIf { it.mode.exact && it.scope == scope } ?: continue
            val model = journey.snapshot.policy.models[kept.model] ?: continue
            val age = allowedAge(kept, control(journey, settings)) ?: continue
            val ranked = listOf(Ranked(ModelCandidate(model), 1.0, "kept answer", propensity = 1.0))
            val action = Action.Forward(ranked)
            val plan = Plan(journey.snapshot.policy, target.name, recipe.name, decision, 1.0, action, emptyList(), emptyList(), facts)
            told(decision.name, HIT_EXACT, kept, kept.category)
            return Route.Answer(
                plan,
                body.stream,
                kept.answer.text,
                CachedNote(kept, CachedNote.Kind.EXACT, age, null, null, body.saysStreamUsage),
            )
        }
        return null
    }

    /** What becomes of [route], now that its decision is known: the answer to a request that is alike, or [route]; told on [loop]. */
    fun alike(journey: Journey, body: ChatBody, route: Route, loop: Executor): CompletableFuture<Route> {
        val plan = (route as? Route.Forward)?.plan
        val settings = plan?.cache ?: return CompletableFuture.completedFuture(route)
        val visit = journey.cache ?: return CompletableFuture.completedFuture(route)
        val control = control(journey, settings)
        val request = keys.alike(journey, plan).takeIf { control.reads }
        if (alike == null || request == null) {
            told(plan.decision?.name, if (control.reads) MISS else "not_wanted")
            return CompletableFuture.completedFuture(route)
        }
        val floor = if (settings.bounded == null) settings.similarityFor(plan.category, plan.policy.cache) else CANDIDATE_SIMILARITY
        return alike.near(request, visit.wording, floor).orTimeout(LOOKUP_MILLIS, TimeUnit.MILLISECONDS).handleAsync({ near, failure ->
            val found = if (failure == null) chosen(plan, settings, visit, control, near) else Sought("unavailable")
            told(plan.decision?.name, found.outcome, found.hit?.kept, plan.category)
            val hit = found.hit
            if (hit == null) {
                route
            } else {
                val age = checkNotNull(allowedAge(hit.kept, control))
                val note = CachedNote(hit.kept, CachedNote.Kind.SEMANTIC, age, hit.similarity, found.risk, body.saysStreamUsage)
                Route.Answer(plan, route.stream, hit.kept.answer.text, note)
            }
        }, loop)
    }

    /** @property hit null for a miss */
    private class Sought(val outcome: String, val hit: Alike? = null, val risk: Double? = null)

    private fun chosen(plan: Plan, settings: CacheSettings, visit: CacheVisit, control: CacheControl, near: List<Alike>): Sought {
        val fresh = near.filter { allowedAge(it.kept, control) != null }
        if (settings.bounded != null) {
            val candidate = learnt.rule(plan, settings, visit.wording, fresh) ?: return missed(near, fresh)
            if (candidate.ruling is Ruling.Hit) return Sought(HIT_SEMANTIC, candidate.alike, candidate.ruling.risk)
            visit.candidate = candidate
            return Sought(if ((candidate.ruling as Ruling.Miss).isLook) "look" else "too_risky")
        }
        return fresh.firstOrNull { it.veto == null }?.let { Sought(HIT_SEMANTIC, it) } ?: missed(near, fresh)
    }

    private fun missed(near: List<Alike>, fresh: List<Alike>) =
        Sought(fresh.firstOrNull()?.veto?.let { "veto_${it.key}" } ?: if (near.isEmpty()) MISS else "too_old")

    /** See [AnswerKeeping.collects]. */
    fun collects(journey: Journey, plan: Plan): Boolean = keeping.collects(journey, plan)

    /** See [AnswerKeeping.keep]. */
    fun keep(journey: Journey, plan: Plan, model: String, collected: Collected, cost: Double?) =
        keeping.keep(journey, plan, model, collected, cost)

    override fun close() {
        alike?.close()
    }

    /** Null where a request takes no answer, or none as old. */
    private fun allowedAge(kept: KeptAnswer, control: CacheControl): Duration? {
        val age = Duration.between(kept.keptAt, clock.instant()).coerceAtLeast(Duration.ZERO)
        return age.takeIf { control.reads && (control.ageMax == null || age <= control.ageMax) }
    }

    /** @param hit null for a miss */
    private fun told(decision: String?, outcome: String, hit: KeptAnswer? = null, category: String? = null) {
        val age = hit?.let { Duration.between(it.keptAt, clock.instant()).coerceAtLeast(Duration.ZERO).toNanos() }
        val saved = hit?.let { Duration.between(it.askedAt, it.keptAt).coerceAtLeast(Duration.ZERO).toNanos() }
        events.publish(RouterEvent.AnswerSought(decision.orEmpty(), outcome, hit?.cost, category, age, saved))
    }

    private companion object {
        const val HIT_EXACT = "hit_exact"
        const val HIT_SEMANTIC = "hit_semantic"
        const val MISS = "miss"
        const val LOOKUP_MILLIS = 500L

        /** Where hits are learnt, less similar entries are not even candidates. */
        const val CANDIDATE_SIMILARITY = 0.7
    }
}
