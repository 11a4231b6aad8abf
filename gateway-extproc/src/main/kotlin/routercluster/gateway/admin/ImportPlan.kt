package routercluster.gateway.admin

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.Policy
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Judgement
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.outcomes.file.ImportPart
import routercluster.policy.outcomes.file.LearntDecision
import routercluster.policy.outcomes.file.modelNames
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** What an import comes to for one decision of the file. */
internal sealed interface Planned {
    /** In words for who asked; [state] where something changes. */
    fun told(state: String): ObjectNode

    /** Does it; the answer says what it came to. */
    fun take(outcomes: Outcomes): CompletionStage<ObjectNode>
}

/** The policy does not choose between models there. */
internal class UnknownDecision(private val key: SelectionKey) : Planned {
    override fun told(state: String): ObjectNode = key.toJson("unknown_decision")

    override fun take(outcomes: Outcomes): CompletionStage<ObjectNode> = CompletableFuture.completedStage(told(""))
}

/**
 * @property before what is known now
 * @property candidates models of the decision; what the file says of others is left out
 */
internal class ImportPlan(
    private val decision: LearntDecision,
    private val before: DecisionStatistics,
    private val parts: List<ImportPart>,
    private val candidates: Set<String>,
    private val now: Instant,
) : Planned {
    override fun told(state: String): ObjectNode {
        val old = before.models(now)
        val new = parts.fold(before) { known, part -> part.into(known) }.models(now)
        val changed = (old.keys + new.keys).filter { old[it] != new[it] }.sorted()
        val json = decision.key.toJson(if (changed.isEmpty() && state == WOULD_CHANGE) "nothing_changes" else state)
        val unknown = json.putArray("unknown_models")
        (decision.statistics.modelNames() - candidates).sorted().forEach(unknown::add)
        val models = json.putArray("models")
        changed.forEach { name ->
            val model = models.addObject().put("model", name)
            model.set<ObjectNode>("before", summary(old[name]))
            model.set<ObjectNode>("after", summary(new[name]))
        }
        return json
    }

    private fun summary(known: ModelStatistics?): ObjectNode {
        val verdicts = known?.verdicts ?: VerdictSums.NONE
        return nodes
            .objectNode()
            .put("attempts", known?.performance?.attempts ?: 0)
            .put("good", verdicts.goodFit.toDouble() / VerdictSums.WHOLE)
            .put("bad", verdicts.bad.toDouble() / VerdictSums.WHOLE)
            .put("comparisons", known?.rating?.let { it.games - (verdicts.goodFit + verdicts.bad).toDouble() / VerdictSums.WHOLE } ?: 0.0)
    }

    override fun take(outcomes: Outcomes): CompletionStage<ObjectNode> =
        parts
            .fold(CompletableFuture.completedStage(emptyList<Judgement>())) { before, part ->
                before.thenCompose { said ->
                    if (said.any { it !is Judgement.Counted }) {
                        CompletableFuture.completedStage(said)
                    } else {
                        outcomes.take(decision.key, part).thenApply { said + it }
                    }
                }
            }.thenApply { said ->
                val away = said.firstNotNullOfOrNull { it as? Judgement.NotKept }
                told(stateOf(said)).apply { away?.let { put("reason", it.reason) } }
            }

    private fun stateOf(said: List<Judgement>): String =
        when {
            said.any { it !is Judgement.Counted } -> NOT_KEPT
            said.isNotEmpty() && said.all { it == Judgement.Counted(repeated = true) } -> "repeated"
            else -> "changed"
        }

    companion object {
        const val WOULD_CHANGE = "would_change"
        const val NOT_KEPT = "not_kept"
    }
}

/** Decisions that choose between models. */
internal fun Policy.selectionKeys(): List<SelectionKey> =
    recipes.values.flatMap { recipe -> recipe.decisions.filter { it.candidates.isNotEmpty() }.map { SelectionKey(recipe.name, it.name) } }

/** Names of the models that the decision of [key] chooses between; none where there is no such decision. */
internal fun Policy.candidates(key: SelectionKey): Set<String> =
    recipes[key.recipe]
        ?.decisions
        ?.firstOrNull { it.name == key.decision }
        ?.candidates
        .orEmpty()
        .mapTo(LinkedHashSet()) { it.model.name }

private fun SelectionKey.toJson(state: String): ObjectNode =
    nodes
        .objectNode()
        .put("recipe", recipe)
        .put("decision", decision)
        .put("state", state)

private val nodes = JsonNodeFactory.instance
