package routercluster.policy.learnt

import com.fasterxml.jackson.core.JsonProcessingException
import com.fasterxml.jackson.core.StreamReadConstraints
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.json.JsonMapper
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import java.security.MessageDigest
import java.util.HexFormat

/**
 * A model that an artifact knows.
 *
 * @property quality mean over the training data, 0..1
 * @property cost mean of an answer, in the unit of the training data; null where the data does not say
 */
data class LearntModel(val name: String, val quality: Double, val cost: Double?)

/**
 * What a learnt selector goes by, as its file holds it.
 *
 * @property card where it comes from: data, settings, figures; for people, and part of the version
 * @property estimator of the kind that [kind] reads
 */
class Artifact(
    val kind: LearntKind,
    val card: ObjectNode,
    val models: List<LearntModel>,
    val features: Features,
    val estimator: Estimator,
    version: String? = null,
) {
    /** First digits of the SHA-256 of all that it holds: the same training gives the same version. */
    val version: String = version ?: versionOf(content())

    /** This artifact with another [estimator]; only in memory, since its version stays. */
    fun with(estimator: Estimator) = Artifact(kind, card, models, features, estimator, version)

    /** The file's text. */
    fun text(): String = mapper.writeValueAsString(content().put("version", version)) + "\n"

    private fun content(): ObjectNode {
        val json = JsonNodeFactory.instance
            .objectNode()
            .put("format", FORMAT)
            .put("algorithm", kind.key)
        json.set<JsonNode>("card", card)
        val all = json.putArray("models")
        models.forEach {
            all
                .addObject()
                .put("name", it.name)
                .put("quality", it.quality)
                .put("cost", it.cost)
        }
        features.write(json.putObject("features"))
        estimator.write(json.putObject("estimator"))
        return json
    }

    companion object {
        /** Of the file; a later one says so. */
        const val FORMAT = 1

        /** Characters of a file that is read. */
        const val TEXT_MAX = 64 * 1024 * 1024

        private const val MODELS_MAX = 1_000
        private const val VERSION_DIGITS = 16

        private val mapper: JsonMapper = JsonMapper
            .builder()
            .build()
            .apply { factory.setStreamReadConstraints(StreamReadConstraints.builder().maxStringLength(TEXT_MAX).build()) }

        /**
         * Reads an artifact's file and checks it throughout.
         *
         * @throws BadArtifact that says what is wrong with it
         */
        fun read(text: String): Artifact {
            if (text.length > TEXT_MAX) throw BadArtifact("is longer than $TEXT_MAX characters")
            val json = parse(text)
            val part = ArtifactPart(json, "")
            val format = part.int("format", 1..Int.MAX_VALUE)
            if (format != FORMAT) throw BadArtifact("format is $format, and this program reads $FORMAT")
            val kind = LearntKind.of(part.text("algorithm"))
                ?: throw BadArtifact("algorithm is ${part.text("algorithm")}, not ${LearntKind.entries.joinToString { it.key }}")
            val version = part.text("version")
            val actual = versionOf(json.deepCopy().apply { remove("version") })
            if (version != actual) throw BadArtifact("version is $version, and what it holds is $actual: it was changed or damaged")
            val models = part.parts("models").map { LearntModel(it.text("name"), it.number("quality"), it.numberOrNull("cost")) }
            if (models.size !in 1..MODELS_MAX) throw BadArtifact("models are ${models.size}, not 1 to $MODELS_MAX")
            if (models.distinctBy { it.name }.size < models.size) throw BadArtifact("models have a name twice")
            val features = Features.read(part.part("features"))
            val estimator = kind.read(part.part("estimator"), Shape(features.size, models.size))
            return Artifact(kind, json.get("card") as? ObjectNode ?: throw BadArtifact("card is missing"), models, features, estimator)
        }

        private fun parse(text: String): ObjectNode =
            try {
                mapper.readTree(text) as? ObjectNode ?: throw BadArtifact("is not a JSON object")
            } catch (failure: JsonProcessingException) {
                throw BadArtifact("is not JSON: ${failure.originalMessage}")
            }

        /** Of the file without its version. */
        private fun versionOf(content: ObjectNode): String {
            val digest = MessageDigest.getInstance("SHA-256").digest(mapper.writeValueAsBytes(content))
            return HexFormat.of().formatHex(digest).take(VERSION_DIGITS)
        }
    }
}
