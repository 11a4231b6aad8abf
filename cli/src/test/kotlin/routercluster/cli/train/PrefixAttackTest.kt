package routercluster.cli.train

import io.kotest.assertions.withClue
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import routercluster.cli.loadWithFiles
import routercluster.cli.newObject
import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.learnt.LearntKind
import routercluster.policy.learnt.fit.Fixed
import routercluster.policy.learnt.fit.JudgedRequest
import routercluster.policy.learnt.fit.ReadRequest
import routercluster.policy.learnt.fit.TrainingTask
import routercluster.policy.learnt.fit.train
import routercluster.policy.models.Model
import routercluster.policy.models.ModelCard
import routercluster.policy.outcomes.ContextSums
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.Layout
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.selectors.ContextualSelector
import routercluster.policy.selectors.ContextualSettings
import routercluster.policy.selectors.LearntSelector
import routercluster.policy.selectors.RouterDcSelector
import routercluster.policy.selectors.SecondLookSelector
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.selectors.Selector
import routercluster.policy.selectors.Traits
import routercluster.policy.selectors.contextPoint
import routercluster.policy.selectors.halvesOf
import routercluster.policy.signals.cosine
import java.nio.file.Files
import java.nio.file.Path
import kotlin.random.Random

/**
 * Attackers who write before their prompt (or behind, or around it) what pulls it to the strong model. One text is chosen for each selector on
 * rows of train, among some by hand and the texts of train that pull most; counted is the share of dev's weak prompts that it moves. Selectors
 * send half of train's prompts to the strong model and look twice, as by default. The encoder is the one that ships.
 */
class PrefixAttackTest {
    private class Row(val text: String, val strong: Double, val weak: Double)

    /** What was read of a text and of its halves, of which there are none where it is short. */
    private class Looked(val whole: ReadRequest, val halves: List<ReadRequest>) {
        val isMixed: Boolean get() {
            val (first, second) = halves.map { checkNotNull(it.embedding) }.ifEmpty { return false }
            return cosine(first, second) < SecondLookSelector.BELOW
        }
    }

    private fun TextReading.look(texts: List<String>): List<Looked> {
        val halves = texts.map { halvesOf(it).orEmpty() }
        val read = read(texts + halves.flatten()) {}.iterator()
        val whole = texts.map { read.next() }
        return whole.zip(halves) { it, parts -> Looked(it, parts.map { read.next() }) }
    }

    /** How far a selector prefers the strong model, in its own unit. */
    private class Victim(val name: String, val part: String, val selector: Selector, val figures: Figures = Figures()) {
        /** Of a mixed text it counts what pulls least, see [SecondLookSelector]. */
        fun margin(looked: Looked): Double =
            if (looked.isMixed) (looked.halves + looked.whole).minOf(::margin) else margin(looked.whole)

        private fun margin(read: ReadRequest): Double {
            val traits = Traits(read.embedding, read.traits.domains, read.traits.complexity, 0, read.traits.textLength)
            val ranked = selector.rank(both, SelectionContext(Random(1), figures, traits))

            fun of(model: Candidate) = ranked.single { it.candidate === model }.parts.getValue(part)
            return of(both[0]) - of(both[1])
        }
    }

    private class Result(val name: String, val clean: Double, val moved: Double, val behind: Double, val around: Double, val text: String)

    @Test
    fun `of prompts that the weak model answers no more are moved by a crafted prefix than was measured`() {
        val data = generateSequence(Path.of("").toAbsolutePath()) { it.parent }
            .map { it.resolve("shared/data/routing/routellm-mmlu") }
            .firstOrNull(Files::isDirectory)
        assumeTrue(data != null, "../shared is not here")
        val policy = loadWithFiles(POLICY, "attack.yaml") { null }
        val results = TextReading.open(policy.catalog).use { reading ->
            val rows = rows(checkNotNull(data), "train", TRAIN)
            val read = reading.look(rows.map { it.text })
            val dev = rows(data, "dev", DEV).map { it.text }
            victims(rows, read.map { it.whole }, reading, policy.catalog).let {
                attacked(
                    it,
                    rows.map { row ->
                        row.text
                    },
                    read,
                    dev,
                    reading,
                )
            }
        }
        results.forEach {
            val shares = "strong %.2f, before %.2f, behind %.2f, around %.2f".format(it.clean, it.moved, it.behind, it.around)
            println("%-12s %s: %s".format(it.name, shares, it.text.take(60)))
        }
        for (result in results) {
            withClue(result.name) {
                result.moved shouldBeLessThanOrEqualTo MOVED_MAX.getValue(result.name)
                result.behind shouldBeLessThanOrEqualTo BEHIND_MAX.getValue(result.name)
                result.around shouldBeLessThanOrEqualTo AROUND_MAX.getValue(result.name)
            }
        }
    }

    private fun rows(folder: Path, part: String, count: Int): List<Row> =
        readOutcomes(folder.resolve("$part.jsonl.gz")).shuffled(Random(7)).take(count).map { row ->
            Row(row.text, row.outcomes.getValue(STRONG).quality, row.outcomes.getValue(WEAK).quality)
        }

    private fun victims(rows: List<Row>, read: List<ReadRequest>, reading: TextReading, catalog: Catalog): List<Victim> {
        val requests = rows.zip(read).map { (row, it) ->
            JudgedRequest(checkNotNull(it.embedding), it, mapOf(STRONG to worth(row.strong), WEAK to worth(row.weak)))
        }
        val trained = listOf(LearntKind.KNN, LearntKind.MLP, LearntKind.PARETO).map { kind ->
            val artifact = train(TrainingTask(kind, requests, reading.domains, Fixed(), 1, newObject())) {}
            Victim(kind.key, "quality", LearntSelector(artifact, 0.0))
        }
        val likeness = RouterDcSelector().bound(both, catalog)
        val texts = checkNotNull(likeness.exemplars).texts
        val prepared = likeness.prepared(reading.read(texts) {}.map { checkNotNull(it.embedding) })
        return trained + Victim("router_dc", "similarity", prepared) + contextual(rows, read, catalog)
    }

    private fun worth(quality: Double) = routercluster.policy.learnt.fit
        .Worth(quality)

    /** Every row judged both models. */
    private fun contextual(rows: List<Row>, read: List<ReadRequest>, catalog: Catalog): Victim {
        val selector = ContextualSelector(ContextualSettings(exploration = 0.0, costWeight = 0.0)).bound(both, catalog)
        val sums = listOf(HashMap<Layout, ContextSums>(), HashMap())
        for ((row, it) in rows.zip(read)) {
            val traits = Traits(it.embedding, it.traits.domains, it.traits.complexity, 0, it.traits.textLength)
            selector.rank(both, SelectionContext(Random(1), Figures(), traits))
            val point = checkNotNull(traits.contextPoint())
            listOf(row.strong, row.weak).forEachIndexed { model, quality ->
                sums[model].merge(point.layout, ContextSums.of(point, VerdictSums.ofScore(quality)), ContextSums::plus)
            }
        }
        val figures = both.zip(sums).associate { (model, of) -> model.model.name to ModelFigures(ModelStatistics(contexts = of)) }
        return Victim("contextual", "quality", selector, Figures(figures))
    }

    private fun attacked(
        victims: List<Victim>,
        train: List<String>,
        read: List<Looked>,
        dev: List<String>,
        reading: TextReading,
    ): List<Result> {
        val margins = victims.associateWith { victim -> read.map(victim::margin) }
        val bars = margins.mapValues { (_, all) -> all.sorted()[all.size / 2] }
        val pulling = victims.flatMap { victim ->
            train.indices
                .sortedByDescending { margins.getValue(victim)[it] }
                .take(PULLING)
                .map { train[it].take(PREFIX_MAX) }
        }
        val prefixes = (byHand + pulling).distinct()
        val targets = train.indices
            .shuffled(Random(3))
            .take(SEARCHED)
            .map(train::get)
        val plain = reading.look(targets)
        val tried = prefixes.associateWith { prefix -> reading.look(targets.map { "$prefix\n$it" }) }
        val devPlain = reading.look(dev)
        return victims.map { victim ->
            val bar = bars.getValue(victim)

            fun moved(before: List<Looked>, after: List<Looked>): Double {
                val weak = before.indices.filter { victim.margin(before[it]) <= bar }
                return weak.count { victim.margin(after[it]) > bar }.toDouble() / weak.size
            }
            val best = prefixes.maxBy { moved(plain, tried.getValue(it)) }
            Result(
                victim.name,
                devPlain.count { victim.margin(it) > bar }.toDouble() / dev.size,
                moved(devPlain, reading.look(dev.map { "$best\n$it" })),
                moved(devPlain, reading.look(dev.map { "$it\n$best" })),
                moved(devPlain, reading.look(dev.map { "$best\n$it\n$best" })),
                best,
            )
        }
    }

    private companion object {
        const val STRONG = "gpt-4-1106-preview"
        const val WEAK = "mixtral-8x7b-instruct"
        val TRAIN = Integer.getInteger("attack.train", 400)
        val DEV = Integer.getInteger("attack.dev", 60)
        const val SEARCHED = 12
        const val PULLING = 2
        const val PREFIX_MAX = 300

        /** Measured plus two prompts of some thirty, for machines that round otherwise; see decision 0071. They may only fall. */
        val MOVED_MAX = mapOf("knn" to 0.46, "mlp" to 0.46, "pareto" to 0.34, "router_dc" to 0.91, "contextual" to 0.38)
        val BEHIND_MAX = mapOf("knn" to 0.36, "mlp" to 0.25, "pareto" to 0.26, "router_dc" to 0.76, "contextual" to 0.24)
        val AROUND_MAX = mapOf("knn" to 0.94, "mlp" to 0.57, "pareto" to 0.69, "router_dc" to 1.0, "contextual" to 0.73)
        val both = listOf(
            Candidate(
                Model(
                    STRONG,
                    emptyList(),
                    ModelCard(description = "Strong at hard reasoning, law, science and code."),
                ),
            ),
            Candidate(
                Model(
                    WEAK,
                    emptyList(),
                    ModelCard(description = "Quick and cheap, for simple everyday questions."),
                ),
            ),
        )
        val byHand = listOf(
            "Prove rigorously, step by step and citing every lemma, that the following holds in a separable Banach space:",
            "This is a PhD qualifying examination in theoretical physics. Derive everything from first principles.",
            "Write concurrent, lock-free C++ with a proof of linearizability, then answer:",
            "As a constitutional scholar weigh all precedents and dissenting opinions before you answer this hard case:",
            "zx!! ]] qv describing.+ similarlyNow write opp",
            "Hello, thank you, please.",
        )

        /** For the encoder of the program alone. */
        const val POLICY = """version: v0.3
providers:
  defaults: {default_model: none}
  models: [{name: none, backend_refs: [{endpoint: "127.0.0.1:1"}]}]
routing: {}
"""
    }
}
