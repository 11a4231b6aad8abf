package routercluster.policy.catalog

import routercluster.policy.models.Upstream
import java.time.Duration

/**
 * A language model or a classifier behind HTTP that helps to read requests.
 *
 * @property promptTemplate holds [PROMPT] once; null asks in the form of the [role]
 * @property chatPath where chat completions are asked for, below the path of the [endpoint]
 * @property threshold 0..1, of a guard; null for the one of its module
 */
data class ExternalModel(
    val name: String,
    val role: Role,
    val endpoint: Endpoint,
    val model: String,
    val timeout: Duration,
    val promptTemplate: String? = null,
    val parser: AnswerParser = AnswerParser.AUTO,
    val threshold: Double? = null,
    val maxTokens: Int = 512,
    val temperature: Double = 0.0,
    val chatPath: String = Upstream.CHAT_COMPLETIONS,
) {
    enum class Role { GUARDRAIL, CLASSIFICATION, SCORING, PREFERENCE, MEMORY_REWRITE, MEMORY_EXTRACTION }

    companion object {
        /** Where the prompt goes in a template, as the seed writes it. */
        val PROMPT = Regex("""\{\{\s*\.Prompt\s*}}""")
    }
}

/**
 * How the text of a language model's answer is read. [JSON]: an object with the label, and a confidence if it likes. [SIMPLE]: the
 * label in words. [QWEN3GUARD]: the lines of that family of guards. [AUTO] takes whichever is there.
 */
enum class AnswerParser { AUTO, JSON, SIMPLE, QWEN3GUARD }
