package routercluster.cli

import org.slf4j.event.Level
import routercluster.gateway.encode.EncoderOpener
import routercluster.gateway.encode.EncoderPool
import routercluster.gateway.encode.ReadyPolicy
import routercluster.gateway.encode.planPatiently
import routercluster.gateway.encode.ready
import routercluster.gateway.pipeline.Snapshot
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.probes.EvalReport
import routercluster.policy.probes.Probe
import routercluster.policy.probes.ProbeResult
import routercluster.policy.probes.body
import routercluster.policy.probes.judge
import routercluster.policy.probes.modelOf
import routercluster.policy.probes.wanted
import routercluster.policy.request.BadRequest
import routercluster.policy.request.Facts
import routercluster.policy.request.Identity
import routercluster.policy.request.parseChat
import routercluster.policy.routing.Planning
import routercluster.policy.routing.begin
import routercluster.policy.routing.resolve
import routercluster.telemetry.LogFormat
import routercluster.telemetry.configureLogging
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random

/** How long one answer of an encoder is waited for: long prompts on a small machine take their time, and nobody waits for the probe. */
private val PATIENCE: Duration = Duration.ofMinutes(5)

/** A probe is not turned away because others wait before it. */
internal val patientEncoders =
    EncoderOpener { settings ->
        localEncoders.open(settings.copy(queueWaitMax = PATIENCE, queueTokensMax = QUEUE_TOKENS_MAX))
    }

private const val QUEUE_TOKENS_MAX = 16_000_000

/** Runs the probes of [task], so many at once as it says. */
internal fun evaluated(task: EvalTask): EvalReport =
    // Libraries that load with an encoder have much to say, and it would stand in the answer.
    configureLogging(LogFormat.HUMAN, Level.WARN).use {
        EncoderPool(patientEncoders).use { pool -> prepared(pool, task).use { run(task, it) } }
    }

private fun prepared(pool: EncoderPool, task: EvalTask): ReadyPolicy =
    try {
        pool.ready(task.policy)
    } catch (failure: EncodeFailure) {
        throw Failure("learned signals cannot be read: ${failure.message}")
    }

private fun run(task: EvalTask, ready: ReadyPolicy): EvalReport {
    val threads = Executors.newFixedThreadPool(task.concurrency)
    val done = AtomicInteger()
    try {
        val results =
            task.probes.probes.map { probe ->
                threads.submit(Callable { resultOf(task, ready, probe).also { task.progress(done.incrementAndGet()) } })
            }
        return EvalReport(task.probes, ready.policy, results.map { it.get() })
    } finally {
        threads.shutdownNow()
    }
}

private fun resultOf(task: EvalTask, ready: ReadyPolicy, probe: Probe): ProbeResult {
    val policy = ready.policy
    val chat =
        try {
            parseChat(task.probes.body(probe, policy.modelOf(probe, task.recipe)), policy.gateway.limits)
        } catch (bad: BadRequest) {
            return ProbeResult(probe, null, null, askedEncoders = false, listOf("is no request: ${bad.message}"))
        }
    val facts = Facts(chat.messages, chat.toolCount, chat.metadata, Identity.NONE, Snapshot.languages(policy))
    val target = policy.resolve(chat.model)

    fun decided(planning: Planning) = planPatiently(ready.lease, planning, PATIENCE)
    val lazy = decided(policy.begin(target, facts, Random(SEED)))
    val read = lazy.readings.mapTo(mutableSetOf()) { it.first }
    val also = wanted(probe, target)
    val isEnough = lazy.recipe?.let { policy.recipes.getValue(it) }?.signals.orEmpty().withIndex().none {
        it.index in also &&
            it.value.ref !in read
    }
    val full = if (isEnough) lazy else decided(policy.begin(target, facts, Random(SEED), also = also))
    return judge(probe, full, lazy)
}

/** Routing by chance is shown as it would be for one request. */
private const val SEED = 0
