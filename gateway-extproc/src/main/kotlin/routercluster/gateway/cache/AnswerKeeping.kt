package routercluster.gateway.cache

import routercluster.gateway.pipeline.Journey
import routercluster.policy.cache.CacheControl
import routercluster.policy.cache.CacheLedger
import routercluster.policy.cache.CacheSettings
import routercluster.policy.cache.Collected
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.TimeSensitive
import routercluster.policy.routing.Plan
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.time.Clock
import java.time.Duration
import java.time.ZoneOffset
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random

/** Keeps the answers that models gave, where a decision wants that. */
internal class AnswerKeeping(
    private val equal: EqualAnswers,
    private val shared: SharedTier?,
    private val alike: AlikeAnswers?,
    private val keys: AnswerKeys,
    private val comparing: AnswerComparing,
    private val verdicts: AnswerVerdicts,
    private val worth: WorthKeeping,
    private val ledger: CacheLedger,
    private val clock: Clock,
    private val random: Random,
    private val events: Events,
) {
    private val writes = AtomicInteger()

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
        val key = visit.equalKeys[settings.scope] ?: keys.equal(journey, recipe, settings.scope, visit)
        if (key == null) return events.publish(RouterEvent.AnswerKept(decision, "nobody_named"))
        val control = control(journey, settings)
        val ttl = ttl(settings, plan, control)
        if (ttl.isZero) return events.publish(RouterEvent.AnswerKept(decision, "no_time"))
        val now = clock.instant()
        val staleFor = if (control.ttl == null) settings.staleFor else Duration.ZERO
        val staleAt = now.plus(ttl).takeUnless { staleFor.isZero }
        val answer = (collected as Collected.Whole).answer
        val namespace = keys.namespace(journey, settings.scope)
        val kept = KeptAnswer(answer, model, recipe.name, decision, now, cost, visit.at, namespace, plan.category, staleAt)
        if (ledger.invalidations.forbids(key, kept)) return events.publish(RouterEvent.AnswerKept(decision, "invalidated"))
        val life = ttl + staleFor
        if (settings.mode.exact) {
            equal.keep(key, kept, life, settings.roomShare, settings.weightFor(plan.category))
            shared?.keep(key, kept, life)
            visit.lead?.ended(kept)
        }
        val request = keys.alike(journey, plan)
        val isAdmitted = request == null || worth.admits(plan, settings.admission, request, visit.wording.content, cost)
        if (request != null && isAdmitted) {
            keepAlike(request, key, kept, now.plus(life).toEpochMilli(), settings.weightFor(plan.category))
            visit.fetched?.takeIf { it.id != key }?.let { alike?.remove(request.namespace, it.id, it.keptAt) }
        }
        verdicts.listen(journey.id, key, kept)
        events.publish(RouterEvent.AnswerKept(decision, if (isAdmitted) KEPT else "not_repeated"))
        visit.candidate?.let { comparing.compare(journey, plan, settings, it, kept.answer.text) }
    }

    /** Nobody waits for it; where a store is slow, answers beyond a bound are not kept. */
    private fun keepAlike(request: AlikeRequest, id: String, kept: KeptAnswer, expiresAt: Long, weight: Double) {
        if (alike == null) return
        if (writes.incrementAndGet() > WRITES_MAX) {
            writes.decrementAndGet()
            return events.publish(RouterEvent.AnswerKept(kept.decision, "store_busy"))
        }
        alike.keep(request, id, kept, expiresAt, weight).whenComplete { _, failure ->
            writes.decrementAndGet()
            if (failure != null) {
                events.publish(RouterEvent.AnswerKept(kept.decision, if (StoreRoom.isFull(failure)) "store_full" else "store_failed"))
            }
        }
    }

    /** Up to a tenth shorter by chance, so that what was kept together does not end together. */
    private fun ttl(settings: CacheSettings, plan: Plan, control: CacheControl): Duration {
        val said = control.ttl?.let { asked -> settings.controls.ttlMax?.let { minOf(asked, it) } ?: asked }
        val ttl = minOf(settings.ttlFor(plan.category, plan.policy.cache), said ?: LONGEST)
        return Duration.ofMillis((ttl.toMillis() * (1 - JITTER * random.nextDouble())).toLong())
    }

    private fun year(): Int = clock.instant().atOffset(ZoneOffset.UTC).year

    private companion object {
        const val KEPT = "kept"
        const val JITTER = 0.1

        /** Writes under way in a store. */
        const val WRITES_MAX = 256
        val LONGEST: Duration = Duration.ofDays(3_650)
    }
}
