package routercluster.policy.cache

import java.time.Duration

/**
 * How topics differ where nobody says otherwise, by label of the domain head: answers about code, mathematics and the laws of nature hold long, and
 * a small difference in the question matters; advice on health, money and law ages sooner and has to fit; what is of no topic is talk, whose
 * answers are soon out of place.
 *
 * @property similarity at least so alike; never less than the store says
 * @property longer the store's time is taken so many times
 */
internal class CategoryDefaults private constructor(val similarity: Double, val longer: Double) {
    fun ttl(of: Duration): Duration = minOf(Duration.ofMillis((of.toMillis() * longer).toLong()), LONGEST)

    companion object {
        private val exacting = CategoryDefaults(similarity = 0.97, longer = 24.0)
        private val lasting = CategoryDefaults(similarity = 0.95, longer = 24.0)
        private val ageing = CategoryDefaults(similarity = 0.97, longer = 1.0)
        private val talk = CategoryDefaults(similarity = 0.95, longer = 0.25)
        private val LONGEST: Duration = Duration.ofDays(30)
        private val byLabel = mapOf(
            "computer science" to exacting,
            "engineering" to exacting,
            "math" to exacting,
            "physics" to exacting,
            "chemistry" to exacting,
            "biology" to lasting,
            "history" to lasting,
            "philosophy" to lasting,
            "psychology" to lasting,
            "health" to ageing,
            "law" to ageing,
            "business" to ageing,
            "economics" to ageing,
            "other" to talk,
        )

        val labels: Set<String> get() = byLabel.keys

        /** Null for a label that is not in the table. */
        fun of(category: String?): CategoryDefaults? = category?.let(byLabel::get)
    }
}
