package routercluster.policy.encode

/**
 * A question that an external language model is asked of every text: which of [choices] fits it. Whoever opens encoders makes a
 * head of it.
 *
 * @property ref how signals name that head; its encoder is the external model's name in the policy's catalog
 * @property choices at least two
 * @property instructions how to choose, in the words of the policy
 * @property positive the labels that mean a threat. Where there are any, an answer that names no label is a failure: a guard may
 *   not abstain
 * @property form what is asked, and how strictly the answer is read
 */
data class LabelQuestion(
    val ref: HeadRef,
    val choices: List<Choice>,
    val instructions: String? = null,
    val positive: Set<String> = emptySet(),
    val form: Form = Form.LABEL,
) {
    /**
     * [LABEL]: which label fits the text, read kindly. [MODEL]: which of the models should answer the text, where only an object that names one
     * of them exactly is an answer.
     */
    enum class Form { LABEL, MODEL }

    /** @property description what the label stands for, where the policy says */
    data class Choice(val label: String, val description: String? = null)

    /** What the head must be. */
    val head: Head = Head(Task.SEQ_CLS, choices.map { it.label }, positive, remote = true)
}
