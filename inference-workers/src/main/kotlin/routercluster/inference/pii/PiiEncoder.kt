package routercluster.inference.pii

import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Span
import java.util.TreeMap
import java.util.concurrent.CompletionStage

/**
 * Sets [exactSpans] beside what head [pii] of [encoder] finds, over the whole text. Everything else passes through.
 */
class PiiEncoder(private val encoder: Encoder, private val pii: HeadRef, private val region: String = "US") : Encoder by encoder {
    override fun encode(request: EncodeRequest): CompletionStage<EncodeReply> {
        val asked = encoder.encode(request)
        if (request.passages.none { pii in it.heads }) return asked
        return asked.thenApply { reply ->
            val results = reply.results.mapIndexed { i, result -> with(request.passages[i].text, result) }
            EncodeReply(results, reply.batch, reply.waited, reply.computed)
        }
    }

    private fun with(text: String, result: PassageResult): PassageResult {
        val learned = result.heads[pii] as? HeadResult.Spans ?: return result
        val exact = exactSpans(text, region)
        return PassageResult(result.heads + (pii to HeadResult.Spans(joined(text, exact, learned.spans))), result.coverage)
    }
}

/** Kinds of which a place of several words is often found in parts. */
private val placeKinds = setOf("STREET_ADDRESS", "GPE")

/** An exact span stands for every learned one that it overlaps. Two parts of a place that only white space separates are one. */
internal fun joined(text: String, exact: List<Span>, learned: List<Span>): List<Span> {
    val exactByStart = exact.associateByTo(TreeMap(), Span::start)
    val kept = learned.filterNot { overlaps(exactByStart, it) }
    val all = ArrayList<Span>()
    for (span in (exact + kept).sortedBy(Span::start)) {
        val last = all.lastOrNull()
        if (last != null && isPartOf(last, span, text)) {
            all[all.lastIndex] = Span(last.label, last.start, span.end, minOf(last.confidence, span.confidence))
        } else {
            all += span
        }
    }
    return all
}

private fun isPartOf(last: Span, span: Span, text: String): Boolean =
    span.label == last.label && span.label in placeKinds && text.substring(last.end, span.start).isBlank()
