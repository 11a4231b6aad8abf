package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.request.Facts

enum class SubjectKind { USER, GROUP }

data class Subject(val kind: SubjectKind, val name: String)

/** An entry of `routing.signals.role_bindings` as written: any of [subjects] has [role]. */
data class RawRoleBinding(
    override val name: String,
    override val at: Location,
    val description: String?,
    val role: String,
    val subjects: List<Subject>,
    val subjectsAt: Location,
) : RawSignal {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        if (subjects.isEmpty()) problems.add(subjectsAt, "is required", accepted = "at least one subject with kind and name")
        return if (subjects.isEmpty() || role.isBlank()) null else AuthzSignal(name, role, subjects)
    }

    companion object {
        private val kinds = mapOf("User" to SubjectKind.USER, "Group" to SubjectKind.GROUP)

        fun read(section: Section): RawRoleBinding =
            RawRoleBinding(
                name = section.requiredString("name"),
                at = section.here,
                description = section.string("description"),
                role = section.requiredString("role"),
                subjects = section.sections("subjects").mapNotNull(::readSubject),
                subjectsAt = section.at("subjects"),
            ).also { section.close() }

        private fun readSubject(section: Section): Subject? {
            if (!section.has("kind")) section.problems.add(section.at("kind"), "is required", accepted = kinds.keys.joinToString())
            val kind = section.oneOf("kind", kinds)
            val name = section.requiredString("name")
            section.close()
            return kind?.let { Subject(it, name) }
        }
    }
}

/**
 * Tells whether the caller has a role. Without a named user it fails, which by default refuses the request; under
 * [routercluster.policy.request.Identity.failOpen] it then does not match.
 */
internal class AuthzSignal(name: String, private val role: String, subjects: List<Subject>) : Signal {
    private val users = subjects.filter { it.kind == SubjectKind.USER }.map { it.name }.toSet()
    private val groups = subjects.filter { it.kind == SubjectKind.GROUP }.map { it.name }.toSet()

    override val ref = SignalRef("authz", name)
    override val cost = Cost.FIELD
    override val onError = OnError.BLOCK

    override fun read(facts: Facts): Reading {
        val identity = facts.identity
        if (identity.user.isNullOrBlank()) {
            return if (identity.failOpen) Reading.Seen(false, 0.0) else Reading.Failed("the request names no user")
        }
        val matched = identity.user in users || identity.groups.any { it in groups }
        return if (matched) Reading.Seen(true, found = listOf(role)) else Reading.Seen(false, 0.0)
    }
}
