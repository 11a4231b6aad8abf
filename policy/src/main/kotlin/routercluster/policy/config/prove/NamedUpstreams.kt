package routercluster.policy.config.prove

import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.models.Model

/**
 * Upstreams by what a setting may call them: a model's name means all of its upstreams, `model/upstream` means one, a provider's
 * name all that speak its format. A name that is several of these means all that any of them means.
 */
internal class NamedUpstreams(models: Collection<Model>) {
    private val idsByName = LinkedHashMap<String, MutableSet<String>>()

    init {
        for (model in models) {
            idsOf(model.name) += model.upstreams.map { it.id }
            model.upstreams.forEach { idsOf(it.id) += it.id }
            model.upstreams.forEach { idsOf(it.provider) += it.id }
        }
    }

    private fun idsOf(name: String) = idsByName.getOrPut(name, ::mutableSetOf)

    /** The ids of the upstreams that [name] means; none after reporting that it names nothing. */
    fun ids(name: Text, problems: Problems): Set<String> {
        unknownName(name, "is no model, upstream or provider of this policy", idsByName.keys, problems)
        return idsByName[name.value].orEmpty()
    }
}
