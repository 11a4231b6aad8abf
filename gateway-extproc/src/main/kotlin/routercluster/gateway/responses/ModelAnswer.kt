package routercluster.gateway.responses

import routercluster.gateway.pipeline.Account
import routercluster.gateway.pipeline.OwnText
import routercluster.gateway.pipeline.cost
import routercluster.gateway.upstream.UpstreamStreamFailure
import routercluster.policy.answer.Usage
import routercluster.policy.answer.UsageScanner
import routercluster.policy.conversations.Use
import routercluster.policy.models.Pricing
import routercluster.policy.responses.AnswerReader
import routercluster.policy.responses.AnswerSoFar
import routercluster.policy.responses.ChatAnswer
import routercluster.policy.responses.EventData
import routercluster.policy.responses.EventTooLarge
import routercluster.policy.responses.NativeAnswer
import routercluster.policy.responses.ResponseBounds
import routercluster.policy.responses.ResponseEvent
import java.io.ByteArrayOutputStream
import kotlin.random.Random

/**
 * What a model says, read to its end.
 *
 * @property decision the name of the decision that chose the model
 */
internal class ModelAnswer private constructor(
    val reader: AnswerReader,
    val decision: String?,
    private val pricing: Pricing?,
    private val source: suspend (tell: suspend (List<ResponseEvent>) -> Unit) -> String?,
    val abandon: () -> Unit,
) {
    /** Reads it to its end. Events are told as they come, at the end those that close what is open. */
    suspend fun read(tell: suspend (List<ResponseEvent>) -> Unit) = tell(reader.close(source(tell)))

    /** Tokens and money; none where nobody counted. */
    fun use(answer: AnswerSoFar): Use {
        val counted = answer.usage ?: return Use.NONE
        val cached = counted.path("input_tokens_details").path("cached_tokens").asLong()
        val usage = Usage(counted.path("input_tokens").asLong(), counted.path("output_tokens").asLong(), cached)
        val micros = pricing?.let { (cost(it, usage) * MICROS).toLong() } ?: 0
        return Use(usage.promptTokens, usage.completionTokens, micros)
    }

    companion object {
        private const val MICROS = 1_000_000

        fun of(opened: Opened.Served, account: Account, ids: Random): ModelAnswer {
            val reply = opened.reply
            val policy = opened.route.plan.policy
            val isNative = reply.upstream.id in policy.gateway.speakResponses
            val reader = if (isNative) NativeAnswer(reply.model.name) else ChatAnswer(reply.model.name, ids)
            val source = Source(opened, account, reader)
            return ModelAnswer(
                reader,
                opened.route.plan.decision
                    ?.name,
                reply.model.pricing,
                source::read,
                reply.cancel,
            )
        }

        fun of(opened: Opened.Fixed, ids: Random): ModelAnswer {
            val plan = opened.route.plan
            val reader = ChatAnswer(plan.asked.written, ids)
            val text = OwnText("", plan.asked.written, 0, opened.route.message).whole()
            return ModelAnswer(reader, plan.decision?.name, null, { tell -> null.also { tell(reader.whole(text.array())) } }, { })
        }
    }
}

/** The body of an upstream's answer. */
private class Source(private val opened: Opened.Served, private val account: Account, private val reader: AnswerReader) {
    private val data = EventData()
    private val whole = ByteArrayOutputStream()
    private var bytes = 0L

    /** Why it broke off; null where it came to its end. */
    suspend fun read(tell: suspend (List<ResponseEvent>) -> Unit): String? =
        try {
            if (opened.head.isPlain) readPlain(tell) else UNREADABLE
        } catch (broken: UpstreamStreamFailure) {
            account.broke(broken.code)
            BROKE_OFF
        } catch (_: EventTooLarge) {
            tooLarge()
        }

    private suspend fun readPlain(tell: suspend (List<ResponseEvent>) -> Unit): String? {
        val isStream = opened.head.format == UsageScanner.Format.EVENT_STREAM
        val chunks = BodyChunks(opened.reply.body)
        while (true) {
            val chunk = chunks.next() ?: break
            account.chunk(chunk)
            bytes += chunk.length()
            if (bytes > ResponseBounds.ANSWER_BYTES_MAX) return tooLarge()
            if (isStream) tell(data.take(chunk.array()).flatMap(reader::event)) else whole.write(chunk.array())
        }
        if (!isStream) tell(reader.whole(whole.toByteArray()))
        return null
    }

    private fun tooLarge(): String {
        account.broke("upstream_answer_too_large")
        opened.reply.cancel()
        return "The model's answer is larger than this router takes"
    }

    private companion object {
        const val BROKE_OFF = "The model's answer broke off"
        const val UNREADABLE = "The model's answer is compressed, which was not asked for"
    }
}
