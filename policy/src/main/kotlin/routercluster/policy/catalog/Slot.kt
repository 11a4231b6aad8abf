package routercluster.policy.catalog

import routercluster.policy.encode.Task

/**
 * What signals and endpoints need a head for. The policy's catalog says which head of which encoder serves each.
 *
 * @property task what a head must do to serve here
 */
enum class Slot(val task: Task) {
    EMBEDDING(Task.EMBED),
    PREFERENCE(Task.EMBED),
    DOMAIN(Task.SEQ_CLS),
    JAILBREAK(Task.SEQ_CLS),
    PII(Task.TOKEN),
    FACT_CHECK(Task.SEQ_CLS),
    USER_FEEDBACK(Task.SEQ_CLS),
    MODALITY(Task.SEQ_CLS),
    COMPLEXITY(Task.SEQ_CLS),
    HALLUCINATION(Task.TOKEN),
    NLI(Task.NLI),
    RERANK(Task.RERANK),
    ;

    /** The slot in policy files. */
    val key: String = name.lowercase()

    /** The slot whose head serves here where nothing else is said. */
    val follows: Slot? get() = EMBEDDING.takeIf { this == PREFERENCE }

    /** What its head is called in an encoder of many heads. */
    val headName: String get() = (follows ?: this).key
}
