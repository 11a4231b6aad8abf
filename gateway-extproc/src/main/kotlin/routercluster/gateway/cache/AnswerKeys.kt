package routercluster.gateway.cache

import routercluster.gateway.pipeline.Journey
import routercluster.policy.Recipe
import routercluster.policy.cache.CacheControl
import routercluster.policy.cache.CacheScope
import routercluster.policy.cache.CacheSettings
import routercluster.policy.cache.Wording
import routercluster.policy.catalog.Slot
import routercluster.policy.routing.Plan

/**
 * What a request is looked for and kept by.
 *
 * @param versionOf an encoder's version, null while it is not open
 */
internal class AnswerKeys(private val namespaces: Namespaces, private val versionOf: (encoder: String) -> String?) {
    /** Whose answers [journey]'s request may be given; null where nobody vouches for who asks. */
    fun namespace(journey: Journey, scope: CacheScope): String? {
        val known = journey.cache?.namespaces ?: return namespaces.of(journey, scope)
        return known[scope] ?: namespaces.of(journey, scope)?.also { known[scope] = it }
    }

    fun alike(journey: Journey, plan: Plan): AlikeRequest? {
        val settings = plan.cache?.takeIf { it.mode.semantic && it.keeps(plan.category) } ?: return null
        val visit = journey.cache ?: return null
        val earlier = visit.earlier.takeIf { settings.conversation != null }
        val around = earlier?.frame ?: visit.digest.around ?: return null
        if (visit.facts.userText.length > Wording.LENGTH_MAX) return null
        val vector = plan.vector ?: return null
        val head = plan.policy.catalog.headFor(Slot.EMBEDDING) ?: return null
        val version = versionOf(head.ref.encoder) ?: return null
        val namespace = namespace(journey, settings.scope) ?: return null
        val sameness = sha256(plan.policy.revision, plan.recipe.orEmpty(), plan.decision?.name.orEmpty(), around)
        val source = VectorSource(head.ref.encoder, version, vector.size)
        return AlikeRequest(namespace, sameness, visit.facts.userText, vector, source, earlier, settings.conversation ?: 1.0)
    }

    /**
     * What equal requests share. The decision is not known yet when it is looked for, so whatever decides and is no part of the body
     * belongs to it: who asks, where rights do, and metadata, where signals read them.
     */
    fun equal(journey: Journey, recipe: Recipe, scope: CacheScope, visit: CacheVisit): String? {
        val namespace = namespace(journey, scope) ?: return null
        val types = recipe.signals.mapTo(HashSet()) { it.ref.type }
        val identity = journey.identity
        val rights = if (AUTHZ in types) listOf(identity.user.orEmpty()) + identity.groups.sorted() else emptyList()
        val metadata = if (METADATA in types) {
            visit.facts.metadata
                .toSortedMap()
                .flatMap { listOf(it.key, it.value) }
        } else {
            emptyList()
        }
        val parts =
            listOf(namespace, journey.snapshot.policy.revision, recipe.name, visit.digest.whole, "${rights.size}") + rights + metadata
        return sha256(*parts.toTypedArray())
    }

    private companion object {
        const val AUTHZ = "authz"
        const val METADATA = "metadata"
    }
}

/** What the client says of the cache, as far as [settings] let it. */
internal fun control(journey: Journey, settings: CacheSettings): CacheControl {
    val controls = settings.controls
    return CacheControl.of(journey.headers.get(controls.header), journey.headers.get("cache-control"), controls.words, controls.header)
}
