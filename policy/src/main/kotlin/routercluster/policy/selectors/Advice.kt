package routercluster.policy.selectors

import routercluster.policy.catalog.ExternalModel
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.LabelQuestion
import routercluster.policy.encode.Passage

/**
 * A language model that a selector has asked which candidate should answer a request.
 *
 * @property model the policy's name for it, by which it is billed
 * @property adviser where it is, and how long it is waited for
 * @property question its labels are those of candidates
 * @property keeps models that a conversation keeps: where its last turn's is among them, nobody is asked
 */
class Advice(val model: String, val adviser: ExternalModel, val question: LabelQuestion, private val keeps: Set<String>) {
    val ref: HeadRef get() = question.ref

    /** The model that [session] settles without asking; null where it settles none. */
    internal fun settled(session: SessionFacts?): String? = session?.model?.takeIf { it in keeps }

    /** What the model gets to read of [text]: beginning and end of a long one, since a call costs what it reads. */
    internal fun passage(text: String): Passage {
        val excerpt = if (text.length <= HEAD + TAIL) text else text.take(HEAD) + CUT + text.takeLast(TAIL)
        return Passage(excerpt, setOf(ref))
    }

    /**
     * What [result] comes to. A candidate that [text] itself names is not taken from an answer to it: who writes the request could have ordered
     * it.
     */
    internal fun read(result: HeadResult?, text: String): Advised {
        val labels = question.head.labels
        return when (result) {
            null -> {
                Advised.Nothing("$model gave no answer")
            }

            is HeadResult.Failed -> {
                Advised.Nothing("$model failed: ${result.reason}")
            }

            is HeadResult.Labels -> {
                val label = labels[result.probabilities.indices.maxBy { result.probabilities[it] }]
                when {
                    result.abstained || result.probabilities.size != labels.size -> Advised.Nothing("$model named no candidate")
                    isNamed(label, text) -> Advised.Nothing("$model chose $label, which the request itself names")
                    else -> Advised.Chosen(label)
                }
            }

            is HeadResult.Vector, is HeadResult.Spans, is HeadResult.Score -> {
                Advised.Nothing("$model gave no answer of its kind")
            }
        }
    }

    private fun isNamed(label: String, text: String): Boolean = " ${words(label)} " in " ${words(text)} "

    private fun words(text: String): String = separators.replace(text.lowercase(), " ").trim()

    private companion object {
        const val HEAD = 6_000
        const val TAIL = 2_000
        const val CUT = "\n[...]\n"
        val separators = Regex("""[^\p{L}\p{N}]+""")
    }
}

/** What an [Advice] came to for one request. */
sealed interface Advised {
    class Chosen(val label: String) : Advised

    /** @property reason safe to show: no text of the request is in it */
    class Nothing(val reason: String) : Advised
}
