package routercluster.policy.request

import java.util.IdentityHashMap

/** Who a chat message is from. [OTHER] is any role this version does not know; it is passed through. */
enum class Role { SYSTEM, DEVELOPER, USER, ASSISTANT, TOOL, OTHER }

/**
 * One chat message as signals see it.
 *
 * @property text all text parts, joined by a line break; empty where there are none
 * @property imageCount image parts
 * @property toolCallCount tool calls that an assistant message makes
 */
data class Message(val role: Role, val text: String, val imageCount: Int = 0, val toolCallCount: Int = 0)

/**
 * Who asks, from headers of a trusted peer only.
 *
 * @property user null where nobody is named
 * @property failOpen by the policy's choice, signals that grant rights take the unnamed for somebody without rights; otherwise
 *   they fail
 */
data class Identity(val user: String?, val groups: List<String> = emptyList(), val failOpen: Boolean = false) {
    companion object {
        val NONE = Identity(null)
    }
}

/**
 * Everything signals may read of one request. Immutable; what is costly to derive is derived once, on first use.
 *
 * @property messages in the order of the request
 * @property toolCount tool definitions
 * @property metadata the request's `metadata` map, bounded as in OpenAI's API
 * @property hasProviderState whether it goes on from what one provider alone holds or can read
 */
class Facts(
    val messages: List<Message>,
    val toolCount: Int = 0,
    val metadata: Map<String, String> = emptyMap(),
    val identity: Identity = Identity.NONE,
    private val languages: LanguageDetector = LanguageDetector.None,
    val hasProviderState: Boolean = false,
) {
    /** The newest user message's text: what most signals read. Empty where there is no user message. */
    val userText: String = messages.lastOrNull { it.role == Role.USER }?.text.orEmpty()

    /** The words of [userText]. */
    val words: Words by lazy(LazyThreadSafetyMode.NONE) { Words.of(userText) }

    /** Estimated prompt tokens of the whole request; see [TokenEstimate] for its error bound. */
    val promptTokens: Int by lazy(LazyThreadSafetyMode.NONE) { TokenEstimate.of(messages, toolCount) }

    /** A quarter of the bytes that all texts have in UTF-8, rounded up. */
    val quarterOfBytes: Int by lazy(LazyThreadSafetyMode.NONE) { quarterOfBytes(messages) }

    /** The language of [userText], or null where it cannot be told. */
    val language: DetectedLanguage? by lazy(LazyThreadSafetyMode.NONE) { languages.detect(userText) }

    private val derivations = IdentityHashMap<Derivation<*>, Any>(DERIVATIONS_EXPECTED)

    private var lastBy: Derivation<*>? = null
    private var last: Any? = null

    /** What [by] makes of these facts. Asked again and again by one signal after the other, so the last answer is at hand. */
    @Suppress("UNCHECKED_CAST")
    fun <T : Any> derived(by: Derivation<T>): T {
        if (by !== lastBy) {
            last = derivations[by] ?: by.derive(this).also { derivations[by] = it }
            lastBy = by
        }
        return last as T
    }

    private companion object {
        const val DERIVATIONS_EXPECTED = 4
    }
}

/** Something that several signals of a recipe want to know of a request. Told apart by identity, so one object per policy. */
fun interface Derivation<T : Any> {
    fun derive(facts: Facts): T
}

private fun quarterOfBytes(messages: List<Message>): Int {
    val bytes = messages.sumOf { utf8Length(it.text) }
    return minOf((bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN, Int.MAX_VALUE.toLong()).toInt()
}

private const val BYTES_PER_TOKEN = 4L

/** [code] is ISO 639-1 in lower case; [confidence] 0..1. */
data class DetectedLanguage(val code: String, val confidence: Double)

/** Tells the language of a text. An interface because the real one holds large tables that not every policy needs. */
fun interface LanguageDetector {
    fun detect(text: String): DetectedLanguage?

    /** Knows no language. */
    object None : LanguageDetector {
        override fun detect(text: String): DetectedLanguage? = null
    }
}
