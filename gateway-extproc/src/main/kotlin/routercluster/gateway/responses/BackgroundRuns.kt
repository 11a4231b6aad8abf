package routercluster.gateway.responses

import com.linecorp.armeria.common.HttpResponse
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import org.slf4j.LoggerFactory
import routercluster.gateway.pipeline.Account
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.Journey
import routercluster.policy.conversations.ConversationFailure
import routercluster.policy.conversations.TurnStatus
import routercluster.policy.request.BadRequest
import java.time.Duration
import java.util.concurrent.ConcurrentHashMap
import kotlin.random.Random

/**
 * Responses that are made while nobody waits for them. Each counts as a request in the house, so that a drain waits for it. A run looks
 * every [WATCH] whether its turn was cancelled or deleted through another node.
 */
internal class BackgroundRuns(
    private val serving: Serving,
    private val kept: KeptConversations,
    private val turns: KeepTurns,
    private val ids: Random,
) {
    private val running = ConcurrentHashMap<String, Job>()

    /** Answers once the turn is kept, and then runs. */
    suspend fun start(call: ResponsesCall, prepared: Prepared): HttpResponse {
        if (prepared.request.stream) {
            throw BadRequest(
                400,
                "unsupported_parameter",
                "A background response is not streamed here: leave out `stream` and fetch it by its id.",
                "stream",
            )
        }
        if (running.size >= RUNS_MAX) {
            return call.refuse(
                ApiError(429, "too_many_background_runs", "$RUNS_MAX background responses are being made", retryAfterSeconds = 1),
            )
        }
        val shut = serving.admission.enter(call.limits.concurrentRequestsMax)
        if (shut != null) return call.refuse(shut)
        try {
            turns.begin(prepared)
        } catch (failure: Exception) {
            serving.admission.leave()
            throw failure
        }
        begin(call, prepared)
        return call.answer(queued(prepared.draft.at(TurnStatus.QUEUED)))
    }

    /** Ends the run of a turn that is cancelled already, where it runs on this node. */
    fun cancel(responseId: String) {
        running.remove(responseId)?.cancel()
    }

    private fun begin(call: ResponsesCall, prepared: Prepared) {
        val id = prepared.draft.id
        val job =
            CoroutineScope(call.dispatcher).launch(start = CoroutineStart.LAZY) {
                val watch = launch { watch(prepared) { running.remove(id)?.cancel() } }
                run(call, prepared)
                watch.cancel()
            }
        running[id] = job
        job.invokeOnCompletion {
            running.remove(id)
            serving.admission.leave()
        }
        job.start()
    }

    private suspend fun run(call: ResponsesCall, prepared: Prepared) {
        val snapshot = serving.snapshot()
        val journey = serving.pipeline.begin(snapshot, call.journey.headers, call.journey.peer, System.nanoTime())
        val account = serving.accounts.open(journey)
        var code: String? = null
        try {
            answer(call, prepared, journey, account)
        } catch (cancelled: CancellationException) {
            code = CANCELLED
            throw cancelled
        } catch (failure: Exception) {
            code = "background_run_failed"
            log.error("a background response failed: {} at {}", failure.javaClass.name, failure.stackTrace.firstOrNull())
            failed(prepared, "server_error", "The router failed to make this response")
        } finally {
            account.end(code)
        }
    }

    private suspend fun answer(call: ResponsesCall, prepared: Prepared, journey: Journey, account: Account) {
        val answer =
            when (val opened = serving.pipeline.open(prepared, journey, account, call.loop)) {
                is Opened.Refused -> {
                    account.refused(opened.error)
                    return failed(prepared, errorCode(opened.error.status), opened.error.message)
                }

                is Opened.Fixed -> {
                    ModelAnswer.of(opened, ids)
                }

                is Opened.Served -> {
                    if (!opened.head.isGood) {
                        opened.reply.cancel()
                        return failed(prepared, errorCode(opened.head.status), "The model answered with status ${opened.head.status}")
                    }
                    ModelAnswer.of(opened, account, ids)
                }
            }
        try {
            answer.read { }
        } catch (failure: Exception) {
            answer.abandon()
            throw failure
        }
        turns.end(prepared, answer)
    }

    private suspend fun failed(prepared: Prepared, code: String, message: String) {
        try {
            turns.fail(prepared, code, message)
        } catch (failure: ConversationFailure) {
            log.warn("a failed background response could not be kept as such: {}", failure.message)
        }
    }

    private suspend fun watch(prepared: Prepared, end: () -> Unit) {
        while (true) {
            delay(WATCH.toMillis())
            val turn =
                try {
                    kept.load(prepared.tenant, prepared.root)?.turns?.find { it.id == prepared.draft.id }
                } catch (_: ConversationFailure) {
                    continue
                }
            if (turn == null || !turn.status.isOpen) return end()
        }
    }

    /** The codes that OpenAI's clients know. */
    private fun errorCode(status: Int): String =
        when (status) {
            429 -> "rate_limit_exceeded"
            in 400..499 -> "invalid_prompt"
            else -> "server_error"
        }

    companion object {
        /** On one node at a time. */
        const val RUNS_MAX = 256
        val WATCH: Duration = Duration.ofSeconds(2)
        private const val CANCELLED = "response_cancelled"
        private val log = LoggerFactory.getLogger(BackgroundRuns::class.java)
    }
}
