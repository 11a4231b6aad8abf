package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.config.Section
import routercluster.policy.outcomes.ContextPoint
import routercluster.policy.outcomes.ContextSums
import routercluster.policy.outcomes.Layout
import routercluster.policy.outcomes.Measured
import routercluster.policy.outcomes.VerdictSums
import java.util.concurrent.ConcurrentHashMap
import kotlin.math.abs

/**
 * Names and defaults are the seed's.
 *
 * @property isPersonal whether it tells users apart; else everybody gets what all say
 * @property layers steps over the graph: 1 is a user's own verdicts, 2 also those of users who judge alike
 * @property alike how many of those count, the most alike first; the seed's sample of interactions
 * @property personalFrom own verdicts below which a user gets what all say
 * @property ownMax own verdicts count as so many at most
 */
data class GmtRouterSettings(
    val isPersonal: Boolean = true,
    val layers: Int = 2,
    val alike: Int = 5,
    val personalFrom: Int = 3,
    val ownMax: Int = 100,
)

/**
 * Personal routing over the graph of users and models, whose edges are sums of verdicts. Score of a candidate for a user:
 *
 * `(prior * population + own good + sum(a(v) * good of v)) / (prior + own + sum(a(v) * verdicts of v))`
 *
 * with the population's share of good verdicts, the card counted in ([Quality]), as a prior of [Quality.CARD_VERDICTS] verdicts; the sum is over
 * the users v who judge most alike: `a = max(0, 1 - 2 d) * n / (n + prior)`, `d` the mean difference of their and the user's shares of good
 * verdicts, `(good + 1) / (all + 2)`, over the models that both judged, weighted by the fewer verdicts of the two, and `n` the sum of those
 * weights. A user who is not known, or has too few verdicts, gets the population's share; a candidate of which nothing is known is tried as
 * often as by chance.
 *
 * Of the published GMTRouter this keeps the graph, two rounds of passing messages user to model to user, few-shot personal preferences, and
 * learning while it runs. It leaves out what has to be trained: node embeddings, attention heads, and the nodes of queries and answers. So it does
 * not tell a user's requests apart.
 *
 * The sums of one user are those of a linear model with nothing but its constant ([ContextSums] of size 1), so they add up in any order, are
 * forgotten with the other verdicts, and travel with them. See [routercluster.policy.outcomes.DecisionStatistics.PEOPLE_MAX] for their bound.
 */
class GmtRouterSelector(val settings: GmtRouterSettings = GmtRouterSettings()) : Selector {
    private class Edges(val good: Double, val all: Double) {
        val share: Double get() = (good + 1) / (all + 2)
    }

    /** Who judged what: sums of each user by model. Made once for the same figures. */
    private class Graph(val source: List<Map<Layout, ContextSums>>, val people: Map<Int, Map<String, Edges>>) {
        val personal = ConcurrentHashMap<Int, Map<String, Edges>>()
    }

    @Volatile
    private var graph: Graph? = null

    override val needs: Set<Need> get() = if (settings.isPersonal) setOf(Need.USER) else emptySet()

    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val qualities = candidates.associateWith { Quality.of(it, context.measured.statistics(it.model.name).verdicts) }
        val (known, unknown) = candidates.partition { qualities.getValue(it) != null }
        val told = if (settings.isPersonal) told(candidates, context) else emptyMap()
        val why = if (told == null) "; ${context.traits.why(Need.USER)}" else ""
        val ranked = known.map { candidate ->
            val all = qualities.getValue(candidate)?.mean ?: 0.0
            val evidence = told?.get(candidate.model.name) ?: 0.0
            val share = told?.get(GOOD + candidate.model.name)
            if (share == null || evidence == 0.0) {
                Ranked(candidate, all, "${rounded(all, 3)} of all verdicts are good$why", parts = mapOf("population" to all))
            } else {
                val mean = (PRIOR * all + evidence * share) / (PRIOR + evidence)
                val reason = "${rounded(share, 3)} of ${rounded(evidence, 1)} verdicts of this user and the like, ${rounded(all, 3)} of all"
                Ranked(candidate, mean, reason, parts = mapOf("population" to all, "personal" to share))
            }
        }
        return exploring(ranked.sortedByDescending { it.score }, unknown.map { Unknown(it, Quality.UNKNOWN) }, emptyList(), context.random)
    }

    /** Evidence by model, and the share of it that is good under its name with [GOOD]; null where nobody knows the user. */
    private fun told(candidates: List<Candidate>, context: SelectionContext): Map<String, Double>? {
        context.traits.noted(NOTE)?.let { return it }
        val user = context.traits.person() ?: return null
        context.traits.note(ContextPoint(user, byteArrayOf(ContextPoint.UNIT.toByte())))
        val personal = personal(user, candidates, context.measured)
        val told = personal.flatMap { (model, edges) -> listOf(model to edges.all, GOOD + model to edges.good / edges.all) }.toMap()
        return told.also { context.traits.note(NOTE, it) }
    }

    private fun personal(user: Int, candidates: List<Candidate>, measured: Measured): Map<String, Edges> {
        val source = candidates.map { measured.statistics(it.model.name).contexts }
        val kept = graph
        val current =
            if (kept != null && kept.source.size == source.size && source.indices.all { kept.source[it] === source[it] }) {
                kept
            } else {
                graph(candidates, source).also { graph = it }
            }
        return if (user in current.people) current.personal.computeIfAbsent(user) { gathered(it, current.people) } else emptyMap()
    }

    private fun graph(candidates: List<Candidate>, source: List<Map<Layout, ContextSums>>): Graph {
        val people = HashMap<Int, HashMap<String, Edges>>()
        candidates.forEachIndexed { index, candidate ->
            for ((layout, sums) in source[index]) {
                if (layout.size == 1) people.getOrPut(layout.id, ::HashMap)[candidate.model.name] = edges(sums)
            }
        }
        return Graph(source, people)
    }

    private fun edges(sums: ContextSums): Edges {
        val unit = ContextPoint.UNIT.toDouble()
        return Edges(sums.rewards[0] / unit / VerdictSums.WHOLE, sums.products[0] / unit / unit / VerdictSums.WHOLE)
    }

    /** Own verdicts and those of users alike; nothing below [GmtRouterSettings.personalFrom]. */
    private fun gathered(user: Int, people: Map<Int, Map<String, Edges>>): Map<String, Edges> {
        val own = people[user].orEmpty()
        val count = own.values.sumOf { it.all }
        if (count < settings.personalFrom || count == 0.0) return emptyMap()
        val weight = minOf(1.0, settings.ownMax / count)
        val others =
            if (settings.layers < 2) {
                emptyList()
            } else {
                people.entries
                    .filter { it.key != user }
                    .map { it to likeness(own, it.value) }
                    .filter { it.second > 0.0 }
                    .sortedWith(compareByDescending<Pair<Map.Entry<Int, *>, Double>> { it.second }.thenBy { it.first.key })
                    .take(settings.alike)
                    .map { (entry, likeness) -> entry.value to likeness }
            }
        val messages = others + (own to weight)
        val models = messages.flatMapTo(LinkedHashSet()) { it.first.keys }
        return models
            .associateWith { model ->
                Edges(
                    messages.sumOf { (edges, a) -> a * (edges[model]?.good ?: 0.0) },
                    messages.sumOf { (edges, a) ->
                        a *
                            (edges[model]?.all ?: 0.0)
                    },
                )
            }.filterValues { it.all > 0.0 }
    }

    /** 0, as by chance or contrary, to 1. */
    private fun likeness(one: Map<String, Edges>, other: Map<String, Edges>): Double {
        var weight = 0.0
        var apart = 0.0
        for ((model, mine) in one) {
            val theirs = other[model] ?: continue
            val fewer = minOf(mine.all, theirs.all)
            weight += fewer
            apart += fewer * abs(mine.share - theirs.share)
        }
        return if (weight == 0.0) 0.0 else maxOf(0.0, 1 - 2 * apart / weight) * weight / (weight + PRIOR)
    }

    internal companion object {
        private const val PRIOR = Quality.CARD_VERDICTS
        private const val NOTE = "personal"
        private const val GOOD = "good "

        fun read(parameters: Section?): Selector {
            val default = GmtRouterSettings()
            return GmtRouterSelector(
                GmtRouterSettings(
                    parameters?.boolean("enable_personalization") ?: default.isPersonal,
                    parameters?.int("num_gnn_layers", 1..2) ?: default.layers,
                    parameters?.int("history_sample_size", 0..1_000) ?: default.alike,
                    parameters?.int("min_interactions_for_personalization", 1..1_000_000) ?: default.personalFrom,
                    parameters?.int("max_interactions_per_user", 1..1_000_000) ?: default.ownMax,
                ),
            )
        }
    }
}
