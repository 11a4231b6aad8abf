package routercluster.gateway.cache

import routercluster.gateway.pipeline.Journey
import routercluster.gateway.pipeline.Route
import routercluster.policy.Recipe
import routercluster.policy.cache.AnswerJudge
import routercluster.policy.cache.CacheControl
import routercluster.policy.cache.CacheScope
import routercluster.policy.cache.CacheSettings
import routercluster.policy.cache.Collected
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.RequestDigest
import routercluster.policy.cache.Ruling
import routercluster.policy.cache.TimeSensitive
import routercluster.policy.catalog.NamedHead
import routercluster.policy.catalog.Slot
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.request.ChatBody
import routercluster.policy.request.Facts
import routercluster.policy.routing.Action
import routercluster.policy.routing.Plan
import routercluster.policy.routing.Target
import routercluster.policy.selectors.Ranked
import routercluster.policy.vectors.VectorFailure
import routercluster.policy.vectors.VectorStore
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.time.Clock
import java.time.Duration
import java.time.ZoneOffset
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import routercluster.policy.Candidate as ModelCandidate

/**
 * Gives earlier answers to requests that are the same or alike, and keeps new ones. An equal request is answered before any signal is
 * read; an alike one after its decision is made. Trouble with a store is a miss, never an error.
 *
 * @param vectors opens the store of vectors; null where nothing is kept by them
 * @param versionOf an encoder's version, null while it is not open
 * @param random drawn from by many threads
 */
class AnswerDesk(
    bytesMax: Long,
    vectors: (() -> VectorStore)?,
    private val namespaces: Namespaces,
    private val versionOf: (encoder: String) -> String?,
    private val clock: Clock,
    private val random: Random,
    private val events: Events,
) : AutoCloseable {
    private val equal = EqualAnswers(bytesMax, clock)
    private val alike = vectors?.let(::AlikeAnswers)
    private val learnt = LearntHits(random)
    private val writes = AtomicInteger()
    private val judging = AtomicInteger()

    /** Answers in the exact tier. */
    val equalCount: Long get() = equal.count

    /** The answer to a request that is equal to [body]; null where there is none to be given. */
    fun exact(journey: Journey, body: ChatBody, facts: Facts, target: Target): Route.Answer? {
        val recipe = (target as? Target.Routed)?.recipe ?: return null
        if (recipe.caches.isEmpty() || !journey.snapshot.policy.cache.enabled || !target.name.cache) return null
        val visit = CacheVisit(RequestDigest.of(body), facts)
        journey.cache = visit
        val scopes = recipe.caches.values
            .filter { it.mode.exact }
            .map { it.scope }
            .distinct()
        for (scope in scopes) {
            val key = key(journey, recipe, scope, visit) ?: continue
            val kept = equal.of(key) ?: continue
            val decision = recipe.decisions.firstOrNull { it.name == kept.decision }
            val settings = decision?.let(recipe.caches::get)?.takeIf { it.mode.exact && it.scope == scope } ?: continue
            val model = journey.snapshot.policy.models[kept.model] ?: continue
            val age = allowedAge(kept, control(journey, settings)) ?: continue
            val ranked = listOf(Ranked(ModelCandidate(model), 1.0, "kept answer", propensity = 1.0))
            val action = Action.Forward(ranked)
            val plan = Plan(journey.snapshot.policy, target.name, recipe.name, decision, 1.0, action, emptyList(), emptyList(), facts)
            told(decision.name, HIT_EXACT, kept.cost)
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
        val request = alikeRequest(journey, plan).takeIf { control.reads }
        if (alike == null || request == null) {
            told(plan.decision?.name, if (control.reads) MISS else "not_wanted")
            return CompletableFuture.completedFuture(route)
        }
        val floor = if (settings.bounded == null) settings.similarityFor(plan.category, plan.policy.cache) else CANDIDATE_SIMILARITY
        return alike.near(request, visit.wording, floor).orTimeout(LOOKUP_MILLIS, TimeUnit.MILLISECONDS).handleAsync({ near, failure ->
            val found = if (failure == null) chosen(plan, settings, visit, control, near) else Sought("unavailable")
            told(plan.decision?.name, found.outcome, found.hit?.kept?.cost)
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

    /** Whether the answer of [journey]'s request may be kept, so that it is worth collecting. */
    fun collects(journey: Journey, plan: Plan): Boolean {
        val settings = plan.cache ?: return false
        if (journey.cache == null || !settings.keeps(plan.category)) return false
        if (!control(journey, settings).writes) return false
        return settings.keepsPassing || TimeSensitive.mark(
            journey.cache
                ?.facts
                ?.userText
                .orEmpty(),
            year(),
        ) == null
    }

    /** Keeps an answer that [model] gave and that was sent to its end. */
    fun keep(journey: Journey, plan: Plan, model: String, collected: Collected, cost: Double?) {
        val settings = plan.cache ?: return
        val visit = journey.cache ?: return
        val decision = plan.decision?.name ?: return
        val recipe = journey.snapshot.policy.recipes[plan.recipe] ?: return
        if (collected is Collected.Not) return events.publish(RouterEvent.AnswerKept(decision, collected.reason))
        val kept = KeptAnswer((collected as Collected.Whole).answer, model, recipe.name, decision, clock.instant(), cost)
        val key = key(journey, recipe, settings.scope, visit) ?: return events.publish(RouterEvent.AnswerKept(decision, "nobody_named"))
        val ttl = ttl(settings, plan, control(journey, settings))
        if (ttl.isZero) return events.publish(RouterEvent.AnswerKept(decision, "no_time"))
        if (settings.mode.exact) equal.keep(key, kept, ttl)
        alikeRequest(journey, plan)?.let { keepAlike(it, key, kept, clock.instant().plus(ttl).toEpochMilli()) }
        events.publish(RouterEvent.AnswerKept(decision, KEPT))
        visit.candidate?.let { compare(journey, plan, settings, it, kept.answer.text) }
    }

    /** Has the judge compare the candidate's answer with the [fresh] one. Nobody waits for it; beyond a bound nothing is compared. */
    private fun compare(journey: Journey, plan: Plan, settings: CacheSettings, candidate: Candidate, fresh: String) {
        val judge = settings.bounded?.judge ?: return
        val encoder = journey.snapshot.encoder ?: return
        if (judging.incrementAndGet() > JUDGING_MAX || !journey.snapshot.retain()) {
            judging.decrementAndGet()
            return events.publish(RouterEvent.AnswerJudged(candidate.alike.kept.decision, "not_asked"))
        }
        val passage = AnswerJudge.passage(
            judge,
            journey.cache
                ?.facts
                ?.userText
                .orEmpty(),
            candidate.alike.kept.answer.text,
            fresh,
        )
        val timeout = plan.policy.catalog.timeoutOf(listOf(NamedHead(judge.ref, judge.head)))
        encoder.encode(EncodeRequest(listOf(passage), timeout)).whenComplete { reply, _ ->
            journey.snapshot.release()
            judging.decrementAndGet()
            val isRight = reply?.results?.singleOrNull()?.let { AnswerJudge.verdict(judge, it.heads[judge.ref]) }
            if (isRight != null) learnt.looked(candidate, isRight)
            val outcome = if (isRight == null) {
                "no_verdict"
            } else if (isRight) {
                "right"
            } else {
                "wrong"
            }
            events.publish(RouterEvent.AnswerJudged(candidate.alike.kept.decision, outcome))
        }
    }

    /** Nobody waits for it; where a store is slow, answers beyond a bound are not kept. */
    private fun keepAlike(request: AlikeRequest, id: String, kept: KeptAnswer, expiresAt: Long) {
        if (alike == null) return
        if (writes.incrementAndGet() > WRITES_MAX) {
            writes.decrementAndGet()
            return events.publish(RouterEvent.AnswerKept(kept.decision, "store_busy"))
        }
        alike.keep(request, id, kept, expiresAt).whenComplete { _, failure ->
            writes.decrementAndGet()
            if (failure !=
                null
            ) {
                events.publish(RouterEvent.AnswerKept(kept.decision, if (isFull(failure)) "store_full" else "store_failed"))
            }
        }
    }

    private fun isFull(failure: Throwable) = generateSequence(failure) { it.cause }.any { it is VectorFailure.Full }

    override fun close() {
        alike?.close()
    }

    private fun alikeRequest(journey: Journey, plan: Plan): AlikeRequest? {
        val settings = plan.cache?.takeIf { it.mode.semantic && it.keeps(plan.category) } ?: return null
        val visit = journey.cache ?: return null
        val around = visit.digest.around ?: return null
        val vector = plan.vector ?: return null
        val head = plan.policy.catalog.headFor(Slot.EMBEDDING) ?: return null
        val version = versionOf(head.ref.encoder) ?: return null
        val namespace = namespaces.of(journey, settings.scope) ?: return null
        val sameness = sha256(plan.policy.revision, plan.recipe.orEmpty(), plan.decision?.name.orEmpty(), around)
        return AlikeRequest(namespace, sameness, visit.facts.userText, vector, VectorSource(head.ref.encoder, version, vector.size))
    }

    /**
     * What equal requests share. The decision is not known yet when it is looked for, so whatever decides and is no part of the body
     * belongs to it: who asks, where rights do, and metadata, where signals read them.
     */
    private fun key(journey: Journey, recipe: Recipe, scope: CacheScope, visit: CacheVisit): String? {
        val namespace = namespaces.of(journey, scope) ?: return null
        val types = recipe.signals.mapTo(HashSet()) { it.ref.type }
        val identity = journey.identity
        val rights = if (AUTHZ in types) listOf(identity.user.orEmpty()) + identity.groups.sorted() else emptyList()
        val metadata = if (METADATA in types) {
            visit.facts.metadata
                .toSortedMap()
                .flatMap { listOf(it.key, it.value) }
        } else {
            emptyList()
        }
        val parts =
            listOf(namespace, journey.snapshot.policy.revision, recipe.name, visit.digest.whole, "${rights.size}") + rights + metadata
        return sha256(*parts.toTypedArray())
    }

    private fun control(journey: Journey, settings: CacheSettings): CacheControl {
        val controls = settings.controls
        return CacheControl.of(journey.headers.get(controls.header), journey.headers.get("cache-control"), controls.words, controls.header)
    }

    /** Null where a request takes no answer, or none as old. */
    private fun allowedAge(kept: KeptAnswer, control: CacheControl): Duration? {
        val age = Duration.between(kept.keptAt, clock.instant()).coerceAtLeast(Duration.ZERO)
        return age.takeIf { control.reads && (control.ageMax == null || age <= control.ageMax) }
    }

    /** Up to a tenth shorter by chance, so that what was kept together does not end together. */
    private fun ttl(settings: CacheSettings, plan: Plan, control: CacheControl): Duration {
        val said = control.ttl?.let { asked -> settings.controls.ttlMax?.let { minOf(asked, it) } ?: asked }
        val ttl = minOf(settings.ttlFor(plan.category, plan.policy.cache), said ?: LONGEST)
        return Duration.ofMillis((ttl.toMillis() * (1 - JITTER * random.nextDouble())).toLong())
    }

    private fun told(decision: String?, outcome: String, saved: Double? = null) =
        events.publish(RouterEvent.AnswerSought(decision.orEmpty(), outcome, saved))

    private fun year(): Int = clock.instant().atOffset(ZoneOffset.UTC).year

    private companion object {
        const val AUTHZ = "authz"
        const val METADATA = "metadata"
        const val HIT_EXACT = "hit_exact"
        const val HIT_SEMANTIC = "hit_semantic"
        const val MISS = "miss"
        const val KEPT = "kept"
        const val JITTER = 0.1
        const val LOOKUP_MILLIS = 500L

        /** Writes under way in a store. */
        const val WRITES_MAX = 256

        /** Comparisons that judges are asked for at a time. */
        const val JUDGING_MAX = 64

        /** Where hits are learnt, less similar entries are not even candidates. */
        const val CANDIDATE_SIMILARITY = 0.7
        val LONGEST: Duration = Duration.ofDays(3_650)
    }
}
