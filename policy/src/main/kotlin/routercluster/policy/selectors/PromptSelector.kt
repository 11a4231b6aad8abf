package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Section
import routercluster.policy.conversations.digestOf
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.LabelQuestion
import java.time.Duration

/**
 * How a model is asked to choose.
 *
 * @property model name of the one that is asked; any of the policy
 * @property instructions by which it chooses, in the policy's words
 * @property timeout longest wait for it
 * @property oncePerConversation whether a conversation keeps the model of its last turn, and nobody is asked again
 * @property refuses whether a request is refused where it gave no answer; else the order of the policy stands
 */
data class PromptSettings(
    val model: String = "",
    val instructions: String = "",
    val timeout: Duration = Duration.ofSeconds(5),
    val oncePerConversation: Boolean = false,
    val refuses: Boolean = false,
)

/**
 * The candidate that a language model names when it is asked which of them should answer, by their descriptions and the policy's
 * [PromptSettings.instructions]. Only an answer that names one candidate exactly counts, and only one that the request does not name itself; the
 * request is shown to the model as data in an object, and cut to its ends where it is long. Where the model is late, down or unclear the order of
 * the policy stands. The score is 1 for the chosen candidate and 0 for the others: a model does not say how much better its choice is.
 *
 * @property advice whom it asks; null where there is nobody to ask or nothing to choose
 */
class PromptSelector(val settings: PromptSettings, private val advice: Advice? = null) : Selector {
    override val needs: Set<Need> get() = setOfNotNull(Need.ADVICE, Need.SESSION.takeIf { settings.oncePerConversation })

    override val advices: List<Advice> get() = listOfNotNull(advice)

    fun refusing() = PromptSelector(settings.copy(refuses = true), advice)

    override fun bound(candidates: List<Candidate>, catalog: Catalog): Selector {
        val choices = candidates.distinctBy { it.label }.map { LabelQuestion.Choice(it.label, description(it)) }
        val adviser = catalog.advisers[settings.model]
        if (adviser == null || choices.size < 2) return this
        val asked = adviser.copy(name = "${adviser.name}:${settings.timeout.toSeconds()}s", timeout = settings.timeout)
        val texts = choices.flatMap { listOf(it.label, it.description.orEmpty()) } + settings.instructions
        val ref = HeadRef(asked.name, digestOf(*texts.toTypedArray()).take(DIGITS))
        val keeps = if (settings.oncePerConversation) candidates.mapTo(LinkedHashSet()) { it.model.name } else emptySet()
        val question = LabelQuestion(ref, choices, settings.instructions, form = LabelQuestion.Form.MODEL)
        return PromptSelector(settings, Advice(settings.model, asked, question, keeps))
    }

    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val traits = context.traits
        val kept = advice?.settled(traits.session)
        if (kept != null) {
            candidates.firstOrNull { it.model.name == kept }?.let { return first(it, candidates, "the conversation's model, kept unasked") }
        }
        val chosen = advice?.let { traits.advised(it.ref) }
        val found = candidates.firstOrNull { it.label == chosen }
        if (found != null) return first(found, candidates, "${settings.model} chose it")
        val lack = if (chosen == null) traits.why(Need.ADVICE) else "${settings.model} chose $chosen, which may not be picked now"
        return candidates
            .mapIndexed { index, it ->
                Ranked(it, 1.0 / (index + 1), "place ${index + 1} in the policy: $lack", isBarred = settings.refuses)
            }.certain()
    }

    private fun first(first: Candidate, candidates: List<Candidate>, reason: String): List<Ranked> {
        val others = candidates.filter { it !== first }.map { Ranked(it, 0.0, "not chosen") }
        return (listOf(Ranked(first, 1.0, reason)) + others).certain()
    }

    private fun description(candidate: Candidate): String? {
        val card = candidate.model.card
        val capabilities = card.capabilities.takeIf { it.isNotEmpty() }?.joinToString(", ")
        return listOfNotNull(card.description?.takeIf { it.isNotBlank() }, capabilities).joinToString(". ").ifEmpty { null }
    }

    internal companion object {
        private const val DIGITS = 16

        fun read(parameters: Section?): Selector {
            val default = PromptSettings()
            return PromptSelector(
                PromptSettings(
                    parameters?.requiredText("model")?.value ?: default.model,
                    parameters?.requiredText("instructions")?.value ?: default.instructions,
                    parameters?.int("timeout_seconds", 1..3_600)?.let { Duration.ofSeconds(it.toLong()) } ?: default.timeout,
                    parameters?.boolean("once_per_conversation") ?: default.oncePerConversation,
                ),
            )
        }
    }
}
