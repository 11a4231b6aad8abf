package routercluster.policy.catalog

import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.PolicyFiles
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task

/** Files and folders that are only said to be there. */
internal class FakeFiles(
    private val texts: Map<String, String> = emptyMap(),
    private val folders: Map<String, EncoderFolder> = emptyMap(),
    override val bundled: EncoderFolder = EncoderFolder.Found(null, bundledHeads),
) : PolicyFiles {
    override fun text(path: String): String? = texts[path]

    override fun encoder(path: String): EncoderFolder = folders[path] ?: EncoderFolder.Missing
}

internal val bundledHeads: Map<String, Head> =
    mapOf(
        "embedding" to Head(Task.EMBED, dimensions = 384),
        "domain" to Head(Task.SEQ_CLS, listOf("law", "math", "other")),
        "jailbreak" to Head(Task.SEQ_CLS, listOf("benign", "jailbreak"), setOf("jailbreak")),
        "pii" to Head(Task.TOKEN, listOf("EMAIL_ADDRESS", "PERSON")),
        "fact_check" to Head(Task.SEQ_CLS, listOf("no_fact_check_needed", "needs_fact_check")),
        "user_feedback" to Head(Task.SEQ_CLS, listOf("satisfied", "wrong_answer")),
    )

/** A classifier's folder, as one has it from Hugging Face. */
internal fun classifierFolder(vararg labels: String, path: String = "/m/one") =
    EncoderFolder.Found(path, mapOf("class" to Head(Task.SEQ_CLS, labels.toList())))
