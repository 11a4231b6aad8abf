package routercluster.policy.learnt.fit

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.Slot
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.selectors.Need
import routercluster.policy.selectors.Sights
import routercluster.policy.selectors.Traits
import routercluster.policy.selectors.traits

/**
 * A request as selectors see it.
 *
 * @property embedding null where the encoder gave none; [traits] then tell why
 */
class ReadRequest(val embedding: FloatArray?, val traits: Traits)

/** Reads texts for training exactly as they are read for selection, through the encoder heads of [catalog]. */
class RequestReader(private val catalog: Catalog) {
    private val sights = Sights(emptyList(), catalog)
    private val needs: Set<Need> = READ.filterTo(LinkedHashSet()) { need -> need.slot?.let(catalog::headFor) != null }

    /** Labels of the domain head; empty where there is none. */
    val domains: List<String> = catalog
        .headFor(Slot.DOMAIN)
        ?.head
        ?.labels
        .orEmpty()

    /** Names of the encoders that are asked. */
    val encoders: List<String> = needs
        .mapNotNull {
            it.slot
                ?.let(catalog::headFor)
                ?.ref
                ?.encoder
        }.distinct()

    /** What to ask of an encoder for [text]; null where it is blank or no head can be asked. */
    fun passage(text: String): Passage? = sights.passage(needs, facts(text))

    fun read(text: String, result: PassageResult): ReadRequest {
        val sight = sights.read(needs, result)
        return ReadRequest(sight.embedding, traits(needs, facts(text), null, sight))
    }

    private fun facts(text: String) = Facts(listOf(Message(Role.USER, text)))

    private companion object {
        val READ = listOf(Need.EMBEDDING, Need.DOMAIN, Need.COMPLEXITY)
    }
}
