package routercluster.policy.evaluation

import routercluster.policy.record.DecisionRecord

/**
 * What decision records say of experiments. Records are added one by one and not kept: what is left of them are sums for each unit of an
 * experiment, which is what was split. For one thread.
 *
 * @param only the experiment that is asked for; null for all
 */
class ExperimentLog(private val only: String? = null) {
    private val experiments = LinkedHashMap<String, LinkedHashMap<String, UnitSums>>()
    private val leftOut = LinkedHashMap<String, Int>()

    /** Records that say nothing, by the reason in words. */
    val excluded: Map<String, Int> get() = leftOut

    fun add(record: DecisionRecord) {
        val note = record.traits.arm?.takeIf { only == null || it.experiment == only }
        val reason =
            when {
                note == null -> "it was in no experiment that is asked for"
                record.end == null -> "its answer had not ended"
                else -> null
            }
        if (note == null || reason != null) {
            leftOut.merge(reason.orEmpty(), 1, Int::plus)
            return
        }
        val units = experiments.getOrPut(note.experiment) { LinkedHashMap() }
        units.getOrPut(note.unit) { UnitSums(note.arm, note.shares) }.add(note.arm, resultsOf(record))
    }

    /** Of each experiment, in the order of the log. */
    fun reports(): List<ExperimentReport> = experiments.map { (name, units) -> report(name, units.values.toList()) }
}

/** What came of the requests of one unit, all of which were in the arm [arm]; [shares] are those of its first request. */
internal class UnitSums(val arm: String, val shares: Map<String, Double>) {
    private val sums = DoubleArray(Metric.entries.size)
    private val counts = IntArray(Metric.entries.size)

    var requests = 0
        private set

    /** Whether it was in another arm too: shares were changed on the way. */
    var isMixed = false
        private set

    fun add(arm: String, results: Map<Metric, Double>) {
        requests++
        if (arm != this.arm) isMixed = true
        results.forEach { (metric, value) ->
            sums[metric.ordinal] += value
            counts[metric.ordinal]++
        }
    }

    fun sum(metric: Metric): Double = sums[metric.ordinal]

    /** Of requests of which [metric] is known. */
    fun count(metric: Metric): Int = counts[metric.ordinal]
}
