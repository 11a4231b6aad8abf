package routercluster.gateway.cache

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.Policy
import routercluster.policy.cache.CacheLedger
import routercluster.policy.cache.CacheSettings
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.vectors.CollectionId
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** What becomes of an entry that is to be taken over. */
internal sealed interface Checked {
    /** @property take puts it where it belongs */
    class Fit(val take: () -> CompletionStage<Unit>) : Checked

    /** @property reason one of a fixed list */
    class Refused(val reason: String) : Checked
}

/**
 * Writes kept answers down and takes them over. They are found by the policy's revision and by whose they are, so they fit where the same
 * policy is in force and the cluster has the same secret: this router after a loss, or another store.
 */
internal class CacheTransfer(
    private val exact: EqualAnswers,
    private val alike: AlikeAnswers?,
    private val ledger: CacheLedger,
    private val clock: Clock,
) {
    /** @param revision of the policy in force */
    fun write(seen: SeenAnswer, revision: String): ObjectNode {
        val json = mapper
            .createObjectNode()
            .put(FORMAT, FORMAT_NOW)
            .put("policy_revision", revision)
            .put("id", seen.id)
        json.put("expires_at", seen.expiresAt.toString()).set<ObjectNode>("answer", mapper.readTree(seen.kept.toBytes()))
        val stored = seen.stored ?: return json
        val alike = json.putObject("alike")
        alike
            .put("namespace", stored.entry.partition)
            .put("around", AlikeAnswers.around(stored.entry))
            .put("text", stored.entry.text)
            .put("encoder", stored.source.encoder)
            .put("encoder_version", stored.source.encoderVersion)
            .put("vector", stored.entry.vector?.let(::bytesOf))
        return json
    }

    /** Whether this would be kept now, as [json] says it was before. */
    fun check(json: JsonNode, policy: Policy): Checked {
        if (json.path(FORMAT).asInt() != FORMAT_NOW) return Checked.Refused("other_format")
        if (json.path("policy_revision").textValue() != policy.revision) return Checked.Refused("other_policy")
        val id = json.path("id").textValue()?.takeIf(idForm::matches) ?: return Checked.Refused("no_id")
        val kept = KeptAnswer.fromBytes(mapper.writeValueAsBytes(json.path("answer"))) ?: return Checked.Refused("no_answer")
        val now = clock.instant()
        val settings = settings(kept, policy) ?: return Checked.Refused("not_kept_here")
        if (kept.keptAt > now || kept.askedAt > kept.keptAt) return Checked.Refused("not_yet")
        val said = expiry(json) ?: return Checked.Refused("no_expiry")
        val expiresAt = minOf(said, kept.keptAt + settings.ttlFor(kept.category, policy.cache))
        return when {
            expiresAt <= now -> Checked.Refused("expired")

            ledger.invalidations.forbids(id, kept) -> Checked.Refused("invalidated")

            json.has("alike") -> alike(json.path("alike"), id, kept, settings, expiresAt)

            !settings.mode.exact -> Checked.Refused("not_kept_here")

            else -> Checked.Fit {
                exact.keep(id, kept, Duration.between(now, expiresAt), settings.roomShare, settings.weightFor(kept.category))
                DONE
            }
        }
    }

    /** Null where the policy keeps no such answer. */
    private fun settings(kept: KeptAnswer, policy: Policy): CacheSettings? {
        val recipe = policy.recipes[kept.recipe] ?: return null
        val settings = recipe.decisions.firstOrNull { it.name == kept.decision }?.let(recipe.caches::get) ?: return null
        val isWanted = policy.cache.enabled && settings.keeps(kept.category) && kept.model in policy.models &&
            kept.answer.text.length <= policy.cache.answerBytesMax
        val isOfScope = kept.namespace?.startsWith(settings.scope.name.lowercase() + "-") == true
        return settings.takeIf { isWanted && isOfScope }
    }

    private fun alike(json: JsonNode, id: String, kept: KeptAnswer, settings: CacheSettings, expiresAt: Instant): Checked {
        if (!settings.mode.semantic || alike == null) return Checked.Refused("not_kept_here")
        val around = json.path("around").textValue()?.takeIf(idForm::matches) ?: return Checked.Refused("no_request")
        val text = json.path("text").textValue() ?: return Checked.Refused("no_request")
        val vector = vectorOf(json.path("vector")) ?: return Checked.Refused("no_vector")
        val source = VectorSource(json.path("encoder").asText(), json.path("encoder_version").asText(), vector.size)
        val isOpen = alike.opened().any { it.spec.id.source(it.spec.dimension) == source }
        val namespace = json.path("namespace").textValue()
        return when {
            namespace == null || namespace != kept.namespace -> {
                Checked.Refused("not_kept_here")
            }

            !isOpen -> {
                Checked.Refused("other_encoder")
            }

            else -> {
                val request = AlikeRequest(namespace, around, text, vector, source)
                Checked.Fit { alike.keep(request, id, kept, expiresAt.toEpochMilli(), settings.weightFor(kept.category)) }
            }
        }
    }

    private fun CollectionId.source(dimension: Int) = VectorSource(encoder, encoderVersion, dimension)

    private fun expiry(json: JsonNode): Instant? =
        json.path("expires_at").textValue()?.let { runCatching { Instant.parse(it) }.getOrNull() }

    private fun bytesOf(vector: FloatArray): ByteArray {
        val bytes = ByteBuffer.allocate(vector.size * Float.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN)
        bytes.asFloatBuffer().put(vector)
        return bytes.array()
    }

    /** Null for what is no vector that has a direction. */
    private fun vectorOf(json: JsonNode): FloatArray? {
        val bytes = try {
            json.takeIf { it.isTextual || it.isBinary }?.binaryValue()
        } catch (_: JacksonException) {
            null
        } catch (_: IOException) {
            null
        }
        if (bytes == null || bytes.isEmpty() || bytes.size % Float.SIZE_BYTES != 0) return null
        val vector = FloatArray(bytes.size / Float.SIZE_BYTES)
        ByteBuffer
            .wrap(bytes)
            .order(ByteOrder.LITTLE_ENDIAN)
            .asFloatBuffer()
            .get(vector)
        return vector.takeIf { it.all(Float::isFinite) && it.any { part -> part != 0f } }
    }

    private companion object {
        const val FORMAT = "format"
        const val FORMAT_NOW = 1
        val mapper = ObjectMapper()
        val idForm = Regex("[0-9a-f]{64}")
        val DONE: CompletionStage<Unit> = CompletableFuture.completedStage(Unit)
    }
}
