package routercluster.bench.routing

import routercluster.policy.learnt.Artifact
import routercluster.policy.learnt.LearntKind

/** A [pool] whose texts were read, and [artifact], which trains on some of its rows. */
internal class ReadPool(
    val pool: Pool,
    val train: List<ReadRow>,
    val test: List<ReadRow>,
    val artifact: (LearntKind, List<ReadRow>) -> Artifact,
)

/** All contenders on one pool. What is chosen is chosen on the training rows; the rows that are measured on are looked at once. */
internal class Match(private val read: ReadPool) {
    private val pool = read.pool
    private val models = pool.models
    private val means = DoubleArray(models.size) { model -> read.train.map { qualityOf(it, model) }.average() }
    private val single = best(means)
    private val isPriced = read.test.all { row ->
        row.row.outcomes.values
            .all { it.cost != null }
    }
    private val quality = Array(read.test.size) { row -> DoubleArray(models.size) { qualityOf(read.test[row], it) } }
    private val oracle = bootstrapMeans { row -> quality[row].max() }

    private fun qualityOf(row: ReadRow, model: Int) = row.row.outcomes
        .getValue(models[model])
        .quality

    private fun costOf(row: ReadRow, model: Int) = row.row.outcomes
        .getValue(models[model])
        .cost ?: 0.0

    private fun bootstrapMeans(of: (Int) -> Double) = bootstrapped(read.test.size) { rows -> rows.sumOf(of) / rows.size }

    fun table(): String {
        val baselines = listOf(
            ByChance(models.size),
            Always("best single: ${models[single]}", DoubleArray(models.size) { if (it == single) 1.0 else 0.0 }),
            ByCategory(models, read.train),
        )
        val shipped = LearntKind.entries.map { Shipped(read.artifact(it, read.train), models) to knobOf(it) }
        val rows =
            baselines.map { row(it, null) } + shipped.map { (contender, knob) -> row(contender, knob) } + listOf(row(Oracle(models), null))
        val head = listOf("contender", "accuracy", "over the best single", "share of oracle's gain") + pairHead() + costHead()
        val title = "${pool.name}: ${read.train.size} rows trained on, ${read.test.size} measured, oracle $oracle"
        return "$title\n\n${line(head)}|${"---|".repeat(head.size)}\n" + rows.joinToString("", transform = ::line) + "\n"
    }

    private fun line(cells: List<String>) = cells.joinToString(" | ", "| ", " |\n")

    private fun pairHead() = if (pool.isPair) listOf("APGR", "CPT50", "CPT80") else emptyList()

    private fun costHead() = if (isPriced) listOf("cost of the best single", "AIQ", "with the knob: accuracy", "cost") else emptyList()

    private fun row(contender: Contender, knob: Double?): List<String> {
        val picks = picks(contender, 0.0)
        val accuracy = bootstrapMeans { quality[it][picks[it]] }
        val gain = bootstrapMeans { quality[it][picks[it]] - quality[it][single] }
        val share = bootstrapped(read.test.size) { rows ->
            rows.sumOf { quality[it][picks[it]] - quality[it][single] } / maxOf(1.0, rows.sumOf { quality[it].max() - quality[it][single] })
        }
        return listOf(contender.name, "$accuracy", "$gain", "$share") + pairCells(contender) + costCells(contender, picks, knob)
    }

    private fun picks(contender: Contender, costWeight: Double) = IntArray(
        read.test.size,
    ) { best(contender.scores(read.test[it], costWeight)) }

    private fun pairCells(contender: Contender): List<String> {
        if (!pool.isPair) return emptyList()
        val (strong, weak) = if (means[0] >= means[1]) 0 to 1 else 1 to 0
        val gain = DoubleArray(read.test.size) { contender.scores(read.test[it], 0.0).let { scores -> scores[strong] - scores[weak] } }
        val ofStrong = DoubleArray(gain.size) { quality[it][strong] }
        val ofWeak = DoubleArray(gain.size) { quality[it][weak] }

        fun figure(of: (RecoveryCurve) -> Double) = bootstrapped(gain.size) { rows -> of(RecoveryCurve(gain, ofStrong, ofWeak, rows)) }
        return listOf("${figure { it.area }}", "${figure { it.callsFor(0.5) }}", "${figure { it.callsFor(0.8) }}")
    }

    private fun costCells(contender: Contender, picks: IntArray, knob: Double?): List<String> {
        if (!isPriced) return emptyList()
        val relative = relativeCost(picks)
        if (knob == null) return listOf("$relative", if (contender is ByChance) decimals(improvement(singles())) else "", "", "")
        val curve = WEIGHTS.map { pointOf(picks(contender, it)) }
        val chosen = picks(contender, knob)
        val accuracy = bootstrapMeans { quality[it][chosen[it]] }
        return listOf("$relative", decimals(improvement(curve)), "$accuracy at ${decimals(knob)}", "${relativeCost(chosen)}")
    }

    /** Of what the best single model costs. */
    private fun relativeCost(picks: IntArray): Estimate =
        bootstrapped(read.test.size) { rows ->
            rows.sumOf { costOf(read.test[it], picks[it]) } / rows.sumOf { costOf(read.test[it], single) }
        }

    /** Of the models alone: what drawing between two of them comes to, RouterBench's Zero router. */
    private fun singles(): List<CostPoint> = models.indices.map { model -> pointOf(IntArray(read.test.size) { model }) }

    private fun pointOf(picks: IntArray) =
        CostPoint(
            picks.indices.sumOf { costOf(read.test[it], picks[it]) } / picks.size,
            picks.indices.sumOf { quality[it][picks[it]] } / picks.size,
        )

    /** From the cheapest model's cost to the dearest one's. */
    private fun improvement(points: List<CostPoint>): Double {
        val costs = models.indices.map { model -> read.test.sumOf { costOf(it, model) } / read.test.size }
        return averageImprovement(points, costs.min(), costs.max())
    }

    /**
     * The place of the knob where costs are the least that are no worse than the best single model, on a fifth of the training rows of which an artifact
     * of the others knows nothing; null where costs are not known.
     */
    private fun knobOf(kind: LearntKind): Double? {
        if (!isPriced) return null
        val (held, rest) = read.train.withIndex().partition { it.index % HELD_EACH == 0 }.let { (a, b) ->
            a.map { it.value } to
                b.map { it.value }
        }
        val contender = Shipped(read.artifact(kind, rest), models)
        val reached = held.sumOf { qualityOf(it, single) }
        return WEIGHTS.lastOrNull { weight -> held.sumOf { qualityOf(it, best(contender.scores(it, weight))) } >= reached } ?: 0.0
    }

    private companion object {
        const val HELD_EACH = 5

        /** Places of the knob that are tried. */
        val WEIGHTS: List<Double> = (0..40).map { it / 40.0 * it / 40.0 }
    }
}
