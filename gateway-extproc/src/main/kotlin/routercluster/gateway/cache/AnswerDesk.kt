package routercluster.gateway.cache

import com.linecorp.armeria.server.ServerBuilder
import routercluster.gateway.pipeline.Journey
import routercluster.gateway.pipeline.Route
import routercluster.policy.Policy
import routercluster.policy.cache.CacheControl
import routercluster.policy.cache.CacheLedger
import routercluster.policy.cache.CacheScope
import routercluster.policy.cache.CacheSettings
import routercluster.policy.cache.CacheStoreSettings
import routercluster.policy.cache.Collected
import routercluster.policy.cache.Joined
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.RequestDigest
import routercluster.policy.cache.Ruling
import routercluster.policy.record.DecisionRing
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
 * @param store of the policy that this process began with
 * @param vectors opens the store of vectors; null where nothing is kept by them
 * @param parts opened and closed here
 * @param versionOf an encoder's version, null while it is not open
 * @param random drawn from by many threads
 * @param ring tells what is said of answers
 * @param ledger of answers that are not to be given again
 */
class AnswerDesk internal constructor(
    store: CacheStoreSettings,
    vectors: (() -> VectorStore)?,
    parts: CacheParts,
    namespaces: Namespaces,
    versionOf: (encoder: String) -> String?,
    private val clock: Clock,
    random: Random,
    private val events: Events,
    ring: DecisionRing,
    private val ledger: CacheLedger,
    tally: CacheTally,
) : AutoCloseable {
    private val equal = EqualAnswers(store.bytesMax, clock, store.evictsByCost)
    private val alike = vectors?.let { AlikeAnswers(it, ledger, StoreRoom(store.evictsByCost, clock)) }
    private val learnt = LearntHits(random, parts.learnt, versionOf)
    private val stale = StaleAnswers(clock)
    private val worth = WorthKeeping()
    private val keys = AnswerKeys(namespaces, versionOf)
    private val comparing = AnswerComparing(learnt, events)
    private val shared = parts.answers?.let { SharedTier(it(), equal, events) }
    private val verdicts = AnswerVerdicts(equal, shared, alike, learnt, ring, events)
    private val keeping = AnswerKeeping(equal, shared, alike, keys, comparing, verdicts, worth, ledger, clock, random, events)
    private val flights = JourneyFlights(NodeFlights(parts.flights), equal, keeping::collects)

    /** For operators. */
    internal val operations = CacheOperations(equal, alike, learnt, ledger, namespaces, tally, clock)

    /** What operators may call. */
    internal fun addTo(server: ServerBuilder, policy: () -> Policy) = CacheApi(operations, clock, policy).addTo(server)

    /** The answer to a request that is equal to [body]; null where there is none to be given. */
    fun exact(journey: Journey, body: ChatBody, facts: Facts, target: Target): Route.Answer? {
        val recipe = (target as? Target.Routed)?.recipe ?: return null
        if (recipe.caches.isEmpty() || !journey.snapshot.policy.cache.enabled || !target.name.cache) return null
        val takesSimilar = recipe.caches.values.any { it.conversation != null }
        val visit = CacheVisit(RequestDigest.of(body), facts, clock.instant(), if (takesSimilar) RequestDigest.earlier(body) else null)
        journey.cache = visit
        val scopes = recipe.caches.values
            .filter { it.mode.exact }
            .map { it.scope }
            .distinct()
        for (scope in scopes) {
            val key = keys.equal(journey, recipe, scope, visit) ?: continue
            visit.equalKeys[scope] = key
            val kept = equal.of(key) ?: continue
            val answer = given(journey, body, target, scope, kept)
            if (answer != null || visit.fetched != null) return answer
        }
        return null
    }

    /** As [exact], of the tier that all nodes share; told on [loop], and at once where there is none. */
    fun shared(journey: Journey, body: ChatBody, target: Target, loop: Executor): CompletableFuture<Route.Answer?> {
        val visit = journey.cache
        if (shared == null || visit == null || target !is Target.Routed || visit.equalKeys.isEmpty() || visit.fetched != null) {
            return CompletableFuture.completedFuture(null)
        }
        return shared.find(visit.equalKeys.values).thenApplyAsync({ found ->
            if (found.isAway) visit.missed = UNAVAILABLE
            visit.equalKeys.firstNotNullOfOrNull { (scope, key) ->
                found.kept[key]?.takeIf { visit.fetched == null }?.let { given(journey, body, target, scope, it) }
            }
        }, loop)
    }

    /** Null where [kept] is not to be given; where this request is to fetch another in its place, its visit says so. */
    private fun given(journey: Journey, body: ChatBody, target: Target.Routed, scope: CacheScope, kept: KeptAnswer): Route.Answer? {
        val recipe = target.recipe
        val decision = recipe.decisions.firstOrNull { it.name == kept.decision }
        val settings = decision?.let(recipe.caches::get)?.takeIf { it.mode.exact && it.scope == scope } ?: return null
        val model = journey.snapshot.policy.models[kept.model] ?: return null
        val visit = checkNotNull(journey.cache)
        val key = checkNotNull(visit.equalKeys[scope])
        val control = control(journey, settings)
        val age = allowedAge(kept, control).takeUnless { ledger.invalidations.forbids(key, kept) } ?: return null
        if (stale.fetches(key, kept, control.writes)) {
            visit.fetched = FetchedEntry(key, kept.keptAt)
            return null
        }
        val ranked = listOf(Ranked(ModelCandidate(model), 1.0, "kept answer", propensity = 1.0))
        val action = Action.Forward(ranked)
        val plan = Plan(journey.snapshot.policy, target.name, recipe.name, decision, 1.0, action, emptyList(), emptyList(), visit.facts)
        told(decision.name, if (stale.isStale(kept)) HIT_EXACT_STALE else HIT_EXACT, kept, kept.category)
        return exact(journey, body, plan, scope, kept, age)
    }

    private fun exact(journey: Journey, body: ChatBody, plan: Plan, scope: CacheScope, kept: KeptAnswer, age: Duration): Route.Answer {
        val key = checkNotNull(journey.cache?.equalKeys?.get(scope))
        verdicts.listen(journey.id, key, kept)
        val note = CachedNote(kept, CachedNote.Kind.EXACT, age, null, null, stale.isStale(kept), body.saysStreamUsage)
        return Route.Answer(plan, body.stream, kept.answer.text, note)
    }

    /** What becomes of [route], now that its decision is known: the answer to a request that is alike, or [route]; told on [loop]. */
    fun alike(journey: Journey, body: ChatBody, route: Route, loop: Executor): CompletableFuture<Route> {
        val plan = (route as? Route.Forward)?.plan
        val settings = plan?.cache ?: return CompletableFuture.completedFuture(route)
        val visit = journey.cache ?: return CompletableFuture.completedFuture(route)
        val control = control(journey, settings)
        val request = keys.alike(journey, plan).takeIf { control.reads }
        if (alike == null || request == null || visit.fetched != null) {
            if (!control.reads) visit.missed = "not_wanted"
            return CompletableFuture.completedFuture(route)
        }
        val floor = if (settings.bounded == null) settings.similarityFor(plan.category, plan.policy.cache) else CANDIDATE_SIMILARITY
        return alike.near(request, visit.wording, floor).orTimeout(LOOKUP_MILLIS, TimeUnit.MILLISECONDS).handleAsync({ near, failure ->
            val found = if (failure == null) chosen(plan, settings, visit, control, near) else Sought(UNAVAILABLE)
            val hit = found.hit
            if (hit == null) {
                if (found.outcome != MISS) visit.missed = found.outcome
                route
            } else {
                told(plan.decision?.name, found.outcome, hit.kept, plan.category)
                val age = checkNotNull(allowedAge(hit.kept, control))
                worth.given(plan)
                verdicts.listen(journey.id, hit.id, hit.kept, found.evidence)
                val note =
                    CachedNote(hit.kept, CachedNote.Kind.SEMANTIC, age, hit.similarity, found.risk, found.isStale, body.saysStreamUsage)
                Route.Answer(plan, route.stream, hit.kept.answer.text, note)
            }
        }, loop)
    }

    /**
     * What becomes of [route], which may go to a model: the answer that an equal request is getting just now, or [route]; told on [loop]. Whoever
     * is to ask a model for others has to be told of in [left].
     */
    fun joined(journey: Journey, body: ChatBody, route: Route, loop: Executor): CompletableFuture<Route> {
        val plan = (route as? Route.Forward)?.plan ?: return CompletableFuture.completedFuture(route)
        val visit = journey.cache.takeIf { plan.cache != null } ?: return CompletableFuture.completedFuture(route)
        val joining = if (visit.fetched == null) flights.join(journey, plan, visit) else null
        if (joining == null) {
            told(plan.decision?.name, if (visit.fetched == null) visit.missed ?: MISS else FETCH, category = plan.category)
            return CompletableFuture.completedFuture(route)
        }
        val settled = { joined: Joined -> settled(journey, body, route, visit, flights.landed(plan, visit, joined)) }
        if (joining.isDone) return CompletableFuture.completedFuture(settled(joining.join()))
        val settling = CompletableFuture<Route>()
        settling.whenComplete { _, _ -> if (settling.isCancelled) joining.cancel(false) }
        joining.thenApplyAsync(settled, loop).whenComplete { made, failure ->
            val isHeard = if (failure == null) settling.complete(made) else settling.completeExceptionally(failure)
            if (!isHeard) left(journey)
        }
        return settling
    }

    private fun settled(journey: Journey, body: ChatBody, route: Route.Forward, visit: CacheVisit, joined: Joined): Route {
        val decision = route.plan.decision?.name
        if (joined is Joined.Shared) {
            val settings = checkNotNull(route.plan.cache)
            val key = checkNotNull(visit.equalKeys[settings.scope])
            val isWanted = joined.kept.decision == decision && !ledger.invalidations.forbids(key, joined.kept)
            val age = allowedAge(joined.kept, control(journey, settings)).takeIf { isWanted }
            if (age != null) {
                told(decision, HIT_SHARED, joined.kept, route.plan.category)
                visit.candidate?.let { comparing.compare(journey, route.plan, settings, it, joined.kept.answer.text) }
                return exact(journey, body, route.plan, settings.scope, joined.kept, age)
            }
        }
        if (joined is Joined.Leads) visit.lead = joined.lead
        val trouble = (joined as? Joined.Alone)?.trouble ?: (joined as? Joined.Leads)?.trouble
        told(decision, trouble?.label ?: visit.missed ?: MISS, category = route.plan.category)
        return route
    }

    /** The request has ended, whatever came of it: who waits for its answer waits no longer. */
    fun left(journey: Journey) {
        journey.cache?.lead?.ended(null)
    }

    /** @property hit null for a miss */
    private class Sought(val outcome: String, val hit: Alike? = null, val evidence: Evidence? = null) {
        /** Null where hits go by similarity. */
        val risk: Double? get() = evidence?.ruling?.risk
        val isStale: Boolean get() = outcome == HIT_SEMANTIC_STALE
    }

    private fun chosen(plan: Plan, settings: CacheSettings, visit: CacheVisit, control: CacheControl, near: List<Alike>): Sought {
        val fresh = near.filter { allowedAge(it.kept, control) != null }.sortedBy { stale.isStale(it.kept) }
        if (settings.bounded != null) {
            val candidate = learnt.rule(plan, settings, visit.wording, fresh) ?: return missed(near, fresh)
            val ruling = candidate.evidence.ruling
            if (ruling is Ruling.Hit) return hit(visit, control, candidate.alike, candidate.evidence)
            visit.candidate = candidate
            return Sought(if ((ruling as Ruling.Miss).isLook) "look" else "too_risky")
        }
        return fresh.firstOrNull { it.veto == null }?.let { hit(visit, control, it, null) } ?: missed(near, fresh)
    }

    private fun hit(visit: CacheVisit, control: CacheControl, alike: Alike, evidence: Evidence?): Sought {
        if (!stale.fetches(alike.id, alike.kept, control.writes)) {
            return Sought(if (stale.isStale(alike.kept)) HIT_SEMANTIC_STALE else HIT_SEMANTIC, alike, evidence)
        }
        visit.fetched = FetchedEntry(alike.id, alike.kept.keptAt)
        return Sought(FETCH)
    }

    private fun missed(near: List<Alike>, fresh: List<Alike>) =
        Sought(fresh.firstOrNull()?.veto?.let { "veto_${it.key}" } ?: if (near.isEmpty()) MISS else "too_old")

    /** See [AnswerKeeping.collects]. */
    fun collects(journey: Journey, plan: Plan): Boolean = keeping.collects(journey, plan)

    /** See [AnswerKeeping.keep]. */
    fun keep(journey: Journey, plan: Plan, model: String, collected: Collected, cost: Double?) =
        keeping.keep(journey, plan, model, collected, cost)

    override fun close() {
        learnt.close()
        alike?.close()
        shared?.close()
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
        const val HIT_SHARED = "hit_shared"
        const val UNAVAILABLE = "unavailable"
        const val HIT_SEMANTIC = "hit_semantic"
        const val HIT_EXACT_STALE = "hit_exact_stale"
        const val HIT_SEMANTIC_STALE = "hit_semantic_stale"
        const val FETCH = "fetch"
        const val MISS = "miss"
        const val LOOKUP_MILLIS = 500L

        /** Where hits are learnt, less similar entries are not even candidates. */
        const val CANDIDATE_SIMILARITY = 0.7
    }
}
