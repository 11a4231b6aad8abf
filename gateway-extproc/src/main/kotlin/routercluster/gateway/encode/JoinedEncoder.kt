package routercluster.gateway.encode

import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage

/**
 * Several encoders as one: each gets the part of a request that is its own, all at the same time. Where one of them fails, its heads
 * have failed and the others' answers count; where there is but one, its failure is the request's.
 */
internal class JoinedEncoder(private val members: Map<String, Encoder>) : Encoder {
    override val heads: Map<HeadRef, Head> = members.values.flatMap { it.heads.entries }.associate { it.key to it.value }

    override fun encode(request: EncodeRequest): CompletionStage<EncodeReply> {
        val names = request.passages.flatMapTo(LinkedHashSet()) { passage -> passage.heads.map { it.encoder } }
        val unknown = names.firstOrNull { it !in members }
        if (unknown != null) return CompletableFuture.failedFuture(EncodeFailure.Refused("there is no encoder $unknown"))
        names.singleOrNull()?.let { return members.getValue(it).encode(request) }
        val parts = names.map { Part.of(request, it) }
        val answers = parts.map { part -> members.getValue(part.encoder).encode(part.request).toCompletableFuture() }
        val joined = CompletableFuture<EncodeReply>()
        CompletableFuture.allOf(*answers.map { it.handle { _, _ -> } }.toTypedArray()).thenRun {
            joined.complete(join(request, parts.zip(answers.map(::outcome))))
        }
        // Who no longer waits for the whole needs no part of it.
        joined.whenComplete { _, _ -> if (joined.isCancelled) answers.forEach { it.cancel(true) } }
        return joined
    }

    private fun outcome(answer: CompletableFuture<EncodeReply>): Outcome =
        try {
            Outcome(answer.join(), null)
        } catch (failed: CompletionException) {
            Outcome(null, reasonOf(failed))
        } catch (cancelled: java.util.concurrent.CancellationException) {
            Outcome(null, reasonOf(cancelled))
        }

    private fun join(request: EncodeRequest, outcomes: List<Pair<Part, Outcome>>): EncodeReply {
        val results = Array(request.passages.size) { HashMap<HeadRef, HeadResult>() }
        val coverage = arrayOfNulls<Coverage>(request.passages.size)
        for ((part, outcome) in outcomes) {
            part.places.forEachIndexed { index, place ->
                val result = outcome.reply?.results?.getOrNull(index)
                val heads = part.request.passages[index].heads
                results[place] += result?.heads ?: heads.associateWith { HeadResult.Failed(outcome.reason ?: "no answer") }
                coverage[place] = least(coverage[place], result?.coverage)
            }
        }
        val replies = outcomes.mapNotNull { it.second.reply }
        return EncodeReply(
            results.mapIndexed { place, heads -> PassageResult(heads, coverage[place] ?: unread(request.passages[place])) },
            replies.maxOfOrNull { it.batch } ?: 0,
            replies.maxOfOrNull { it.waited } ?: Duration.ZERO,
            replies.maxOfOrNull { it.computed } ?: Duration.ZERO,
        )
    }

    /** The one that read less: it is what was certainly read. */
    private fun least(a: Coverage?, b: Coverage?): Coverage? = if (a == null || (b != null && b.charactersRead < a.charactersRead)) b else a

    private fun unread(passage: Passage) = Coverage(0, 0, 0, passage.text.length)

    private class Outcome(val reply: EncodeReply?, val reason: String?)

    /** What one encoder is asked, and where its passages stand in the whole. */
    private class Part(val encoder: String, val places: List<Int>, val request: EncodeRequest) {
        companion object {
            fun of(whole: EncodeRequest, encoder: String): Part {
                val places = whole.passages.indices.filter { place -> whole.passages[place].heads.any { it.encoder == encoder } }
                val passages = places.map { place ->
                    val passage = whole.passages[place]
                    passage.copy(heads = passage.heads.filterTo(LinkedHashSet()) { it.encoder == encoder })
                }
                return Part(encoder, places, EncodeRequest(passages, whole.timeout))
            }
        }
    }
}

/** Why an encode call failed, fit for an operator's eyes: only failures with safe texts are quoted. */
internal fun reasonOf(failure: Throwable): String {
    val cause = generateSequence(failure) { it.cause }.firstOrNull { it is EncodeFailure }
    return cause?.message ?: "the encoder failed with ${(failure.cause ?: failure).javaClass.simpleName}"
}
