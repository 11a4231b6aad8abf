package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.EmbeddingSettings
import routercluster.policy.catalog.EncoderSettings
import routercluster.policy.catalog.Endpoint
import routercluster.policy.catalog.ExternalModel
import routercluster.policy.catalog.GroupMargin
import routercluster.policy.catalog.KnowledgeBase
import routercluster.policy.catalog.ManifestFile
import routercluster.policy.catalog.ModalitySettings
import routercluster.policy.catalog.Modules
import routercluster.policy.catalog.NamedHead
import routercluster.policy.catalog.PrototypeScoring
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Location
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Span
import routercluster.policy.encode.Task
import routercluster.policy.request.Facts
import java.time.Duration
import kotlin.math.sqrt

/** An encoder whose vectors tell which words a text holds, and whose other heads say what a test wants. */
internal object ToyEncoder {
    private val labels =
        mapOf(
            Slot.DOMAIN to
                listOf(
                    "biology",
                    "business",
                    "chemistry",
                    "computer science",
                    "economics",
                    "engineering",
                    "health",
                    "history",
                    "law",
                    "math",
                    "other",
                    "philosophy",
                    "physics",
                    "psychology",
                ),
            Slot.JAILBREAK to listOf("benign", "jailbreak"),
            Slot.PII to listOf("O", "B-EMAIL_ADDRESS", "I-EMAIL_ADDRESS", "B-PERSON", "I-PERSON", "B-US_SSN", "I-US_SSN"),
            Slot.FACT_CHECK to listOf("NO_FACT_CHECK_NEEDED", "FACT_CHECK_NEEDED"),
            Slot.USER_FEEDBACK to listOf("SAT", "NEED_CLARIFICATION", "WRONG_ANSWER", "WANT_DIFFERENT"),
            Slot.MODALITY to listOf("AR", "DIFFUSION", "BOTH"),
            Slot.COMPLEXITY to listOf("easy", "medium", "hard"),
        )

    val slots =
        Slot.entries.associateWith { slot ->
            val positive = if (slot == Slot.JAILBREAK) setOf("jailbreak") else emptySet()
            val dimensions = if (slot.task == Task.EMBED) DIMENSIONS else 0
            NamedHead(HeadRef("toy", slot.key), Head(slot.task, labels[slot].orEmpty(), positive, dimensions))
        }

    private val here = Location("test", "global.model_catalog", 1, 1)

    private val animals =
        KnowledgeBase(
            "animals",
            here,
            ManifestFile("animals/labels.json", "", here),
            labels = mapOf("cat" to listOf("a purring cat"), "dog" to listOf("a barking dog"), "car" to listOf("a fast car")),
            threshold = 0.5,
            labelThresholds = mapOf("car" to 0.9),
            groups = mapOf("pets" to listOf("cat", "dog"), "things" to listOf("car")),
            metrics = listOf(GroupMargin("pets_vs_things", "pets", "things")),
            prototypes = PrototypeScoring(),
        )

    /** What rules of the seed's files refer to. */
    private val privacy =
        KnowledgeBase(
            "privacy_kb",
            here,
            ManifestFile("privacy/labels.json", "", here),
            labels = mapOf("proprietary_code" to listOf("our code")),
            threshold = 0.5,
            labelThresholds = emptyMap(),
            groups =
                listOf("privacy_policy", "security_containment", "frontier_reasoning", "local_standard")
                    .associateWith { listOf("proprietary_code") },
            metrics = emptyList(),
            prototypes = PrototypeScoring(),
        )

    private val modality =
        ModalitySettings(
            keywords = listOf("image", "图片"),
            bothKeywords = listOf("explain and illustrate"),
            promptPrefixes = listOf("draw"),
        )

    private fun external(name: String, role: ExternalModel.Role) =
        ExternalModel(
            name = name,
            role = role,
            endpoint = Endpoint(tls = false, "127.0.0.1", 1),
            model = "judge-1",
            timeout = Duration.ofSeconds(5),
            maxTokens = 64,
        )

    /** By the names that an encoder of many heads gives them. */
    val heads: Map<String, Head> = Slot.entries.associate { it.headName to slots.getValue(it).head }

    /** The last two are those of the seed's files. */
    private val externals =
        (
            listOf("judge", "risk-judge", "external-classifier").map { external(it, ExternalModel.Role.CLASSIFICATION) } +
                external("taste", ExternalModel.Role.PREFERENCE)
        ).associateBy { it.name }

    val catalog: Catalog = catalog()

    fun catalog(
        modules: Modules = Modules(modality = modality),
        embedding: EmbeddingSettings = EmbeddingSettings(),
        without: Set<Slot> = emptySet(),
    ) = Catalog(
        encoders = mapOf("toy" to EncoderSettings("toy", "toy")),
        slots = slots - without,
        missing = without.associateWith { "this test has none" },
        embedding = embedding,
        modules = modules,
        knowledgeBases = listOf(animals, privacy).associateBy { it.name },
        externals = externals,
        folders = mapOf("models/guard" to listOf(slots.getValue(Slot.JAILBREAK))),
    )

    private const val DIMENSIONS = 4_096

    /** Cosine of two such: words in common over the root of the product of their numbers. */
    fun vector(text: String): FloatArray {
        val words = text
            .lowercase()
            .split(Regex("\\P{L}+"))
            .filter { it.isNotEmpty() }
            .distinct()
        val vector = FloatArray(DIMENSIONS)
        words.forEach { vector[Math.floorMod(it.hashCode() * 31, DIMENSIONS)] = 1f / sqrt(words.size.toFloat()) }
        return vector
    }

    /**
     * Probabilities as `math .7 law .2`, the rest shared by the other labels; `abstain` among them. Spans as `PERSON@0-3 .9`. Vectors
     * are those of the passage.
     */
    fun answer(said: String, passage: Passage, head: HeadRef, known: List<String>): HeadResult {
        val words = said.split(' ').filter { it.isNotEmpty() }
        val pairs = (words - ABSTAIN).windowed(2, 2).map { (name, number) -> name to number.toFloat() }
        return when {
            known.isEmpty() -> HeadResult.Vector(vector(passage.text))
            head.head == Slot.PII.key -> HeadResult.Spans(pairs.map { (place, confidence) -> span(place, confidence) })
            else -> HeadResult.Labels(probabilities(pairs.toMap(), known), ABSTAIN in words)
        }
    }

    private fun span(place: String, confidence: Float): Span {
        val (label, range) = place.split('@')
        val (start, end) = range.split('-').map { it.toInt() }
        return Span(label, start, end, confidence)
    }

    private fun probabilities(said: Map<String, Float>, known: List<String>): FloatArray {
        val rest = (1f - said.values.sum()) / (known.size - said.size).coerceAtLeast(1)
        return FloatArray(known.size) { said[known[it].replace(' ', '_')] ?: rest }
    }
}

/** This signal with the vectors of its exemplars, where it has some. */
internal fun LearnedSignal.ready(): LearnedSignal = exemplars?.let { prepared(it.texts.map(ToyEncoder::vector)) } ?: this

/** Labels of every head that this signal may ask. */
private fun LearnedSignal.known(head: HeadRef): List<String> =
    question?.takeIf { it.ref == head }?.head?.labels
        ?: ToyEncoder.catalog.slots.values
            .single { it.ref == head }
            .head.labels

/** Reads [facts], heads other than vectors saying what [said] says. */
internal fun LearnedSignal.readAs(facts: Facts, said: String): Reading {
    val results =
        passages(facts).map { passage ->
            PassageResult(passage.heads.associateWith { ToyEncoder.answer(said, passage, it, known(it)) }, whole(passage.text))
        }
    return read(facts, results)
}

internal fun whole(text: String) = Coverage(1, text.length, text.length, text.length)
