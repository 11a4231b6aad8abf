package routercluster.gateway

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.NamedHead
import routercluster.policy.catalog.Slot
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.Location
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Task
import routercluster.policy.request.Facts
import routercluster.policy.signals.Cost
import routercluster.policy.signals.Exemplars
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.RawSignal
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal
import routercluster.policy.signals.SignalFamily
import routercluster.policy.signals.SignalRef
import routercluster.policy.signals.signalFamilies
import java.time.Duration

/** The heads of the encoder that these tests' policies have. */
internal val testHeads: Map<String, Head> =
    mapOf(
        "domain" to Head(Task.SEQ_CLS, listOf("law", "math", "other")),
        "jailbreak" to Head(Task.SEQ_CLS, listOf("jailbreak", "benign"), setOf("jailbreak")),
        "embedding" to Head(Task.EMBED, dimensions = 32),
    )

internal object TestFiles : PolicyFiles by bundling(testHeads)

/** The files of a program that brings an encoder with these [heads]. */
internal fun bundling(heads: Map<String, Head>): PolicyFiles =
    object : PolicyFiles by PolicyFiles.None {
        override val bundled = EncoderFolder.Found(null, heads)
    }

/** The families of the program, with [RawTopic] in the place of one. */
internal val testFamilies: List<SignalFamily> =
    signalFamilies.filterNot { it.key == "classifiers" } + SignalFamily("classifiers", "classifier", RawTopic::read)

/**
 * A plain learned signal, so that these tests rest on no family: a head of [slot] finds the signal's own name, or the text is like
 * [examples].
 */
internal class RawTopic(
    override val name: String,
    override val at: Location,
    private val slot: Slot,
    private val examples: List<String>,
) : RawSignal {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val head = catalog.headFor(slot, at, problems) ?: return null
        val embedding = catalog.headFor(Slot.EMBEDDING, at, problems) ?: return null
        return TopicSignal(
            name,
            head,
            examples.ifEmpty { null }?.let { Exemplars(embedding.ref, it) },
            catalog.timeoutFor("classifier", head),
        )
    }

    companion object {
        fun read(section: Section): RawTopic =
            RawTopic(
                section.requiredString("name"),
                section.here,
                section.oneOf("slot", Slot.entries.associateBy { it.key }) ?: Slot.DOMAIN,
                section.strings("examples"),
            ).also { section.close() }
    }
}

internal class TopicSignal(
    private val name: String,
    private val head: NamedHead,
    override val exemplars: Exemplars?,
    override val timeout: Duration,
    private val vectors: List<FloatArray> = emptyList(),
) : LearnedSignal {
    override val ref = SignalRef("classifier", name)
    override val cost = Cost.ENCODE

    override fun prepared(vectors: List<FloatArray>) = TopicSignal(name, head, exemplars, timeout, vectors)

    override fun passages(facts: Facts): List<Passage> = listOf(Passage(facts.userText, setOfNotNull(head.ref, exemplars?.by)))

    override fun read(facts: Facts, results: List<PassageResult>): Reading {
        val found = results.single().heads
        val labels = found[head.ref] as? HeadResult.Labels ?: return Reading.Failed("${head.ref} gave no labels")
        val score = labels.probabilities[head.head.labels.indexOf(name)].toDouble()
        val alike = exemplars?.by?.let { likeness(found, it) } ?: 0.0
        val best = maxOf(score, alike)
        return Reading.Seen(best >= THRESHOLD, best.coerceIn(0.0, 1.0), best, listOf(name))
    }

    private fun likeness(found: Map<HeadRef, HeadResult>, by: HeadRef): Double {
        val vector = (found.getValue(by) as HeadResult.Vector).values
        return vectors.maxOf { other -> vector.indices.sumOf { (vector[it] * other[it]).toDouble() } }
    }

    private companion object {
        const val THRESHOLD = 0.7
    }
}
