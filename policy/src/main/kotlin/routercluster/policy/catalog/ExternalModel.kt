package routercluster.policy.catalog

import routercluster.policy.models.Secret
import java.time.Duration

/**
 * A language model or a classifier behind HTTP that helps to read requests.
 *
 * @property promptTemplate null for the one of its [role]
 * @property parser how its answer is read; null for the one of its [role]
 * @property threshold 0..1; null for the one of its [role]
 */
data class ExternalModel(
    val name: String,
    val provider: String,
    val role: Role,
    val tls: Boolean,
    val host: String,
    val port: Int,
    val model: String,
    val timeout: Duration,
    val chatTemplate: Boolean,
    val promptTemplate: String?,
    val parser: String?,
    val threshold: Double?,
    val key: Secret?,
    val maxTokens: Int,
    val temperature: Double,
) {
    enum class Role { GUARDRAIL, CLASSIFICATION, SCORING, PREFERENCE, MEMORY_REWRITE, MEMORY_EXTRACTION }
}
