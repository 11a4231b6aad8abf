package routercluster.policy.decisions

import routercluster.policy.Recipe
import routercluster.policy.projections.PartitionOutcome
import routercluster.policy.signals.LabelKind
import routercluster.policy.signals.Reading

/**
 * What a request matched by [evidence], as rules see it: members of partitions only where they won, composed signals only where their
 * composer holds, levels as `name:level`.
 *
 * @property byType names by condition type, in the order of the file; projections by their outputs
 */
class Matches(private val recipe: Recipe, evidence: Evidence) {
    private val standing = recipe.engine.contest(evidence).standing

    val byType: Map<String, List<String>> =
        buildMap<String, MutableList<String>> {
            recipe.signals.forEachIndexed { place, signal ->
                val names = namesOf(place)
                if (names.isNotEmpty()) getOrPut(signal.ref.type) { mutableListOf() } += names
            }
            val outputs = recipe.engine
                .trace(evidence)
                .outputs
                .map { it.name }
            if (outputs.isNotEmpty()) put(PROJECTION, outputs.toMutableList())
        }

    /** Whether exactly [name] matched: a family with levels matches by its levels alone. */
    fun has(type: String, name: String): Boolean = name in byType[type].orEmpty()

    private fun namesOf(place: Int): List<String> {
        val signal = recipe.signals[place]
        val reading = standing.readingOf(place) as? Reading.Seen
        val composer = recipe.composers[place]
        if (composer != null && recipe.engine.truthOf(composer, standing.evidence) != Truth.TRUE) return emptyList()
        val won = outcomeOf(place)
        if (won != null) return if (won) listOf(signal.ref.name) else emptyList()
        if (reading == null) return emptyList()
        val levels = reading.labels.filter { (label, part) -> part.matched && signal.labels[label] == LabelKind.FLAG && label in LEVELS }
        return levels.keys.map { "${signal.ref.name}:$it" }.ifEmpty { listOf(signal.ref.name).filter { reading.matched } }
    }

    /** Whether the member at [place] won its partition; null where it is in none, or it was not read to the end. */
    private fun outcomeOf(place: Int): Boolean? {
        recipe.projections.partitions.forEachIndexed { partition, it ->
            val member = it.members.indexOf(place)
            val outcome = standing.outcomeOf(partition)
            if (member >= 0 && outcome is PartitionOutcome.Won) return outcome.winner == member
        }
        return null
    }

    companion object {
        const val PROJECTION = "projection"
        private val LEVELS = setOf("easy", "medium", "hard")

        /** The places of the signals that must be read to know whether [name] of [type] matched; empty where there is no such name. */
        fun needs(recipe: Recipe, type: String, name: String): Set<Int> {
            if (type == PROJECTION) return recipe.engine.signalsOf(name)
            val base = name.substringBeforeLast(':')
            val place = recipe.signals.indexOfFirst { it.ref.type == type && (it.ref.name == name || it.ref.name == base) }
            if (place < 0) return emptySet()
            val members = recipe.projections.partitions
                .filter { place in it.members }
                .flatMap { it.members }
            return setOf(place) + members + recipe.composers[place]?.let(recipe.engine::signalsOf).orEmpty()
        }
    }
}
