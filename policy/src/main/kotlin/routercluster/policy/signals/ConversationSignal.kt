package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.readPredicate
import routercluster.policy.decisions.Predicate
import routercluster.policy.request.Facts
import routercluster.policy.request.Role

/** What of a conversation is counted. */
enum class ConversationSource {
    /** Messages, of one role where one is named. */
    MESSAGE,
    TOOL_DEFINITION,

    /** Tool calls that assistant messages make. */
    ASSISTANT_TOOL_CALL,

    /** Tool results that came back. */
    ASSISTANT_TOOL_CYCLE,

    /** 1 while tools are at work: a result has just come back, or the newest calls wait for theirs; otherwise 0. */
    ACTIVE_TOOL_LOOP,
    IMAGE_CONTENT,
}

/**
 * A rule of `routing.signals.conversation` as written.
 *
 * @property exists only asks whether there is any; takes no predicate
 * @property role as in the file: a role's name or `non_user`; only with [ConversationSource.MESSAGE]
 * @property predicate null means more than none
 */
data class RawConversation(
    override val name: String,
    override val at: Location,
    val description: String?,
    val exists: Boolean?,
    val source: ConversationSource?,
    val role: String?,
    val roleAt: Location,
    val predicate: Predicate?,
    val predicateAt: Location?,
) : RawSignal {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        if (exists == null || source == null) return null
        val before = problems.all.size
        if (role != null && source != ConversationSource.MESSAGE) problems.add(roleAt, "goes only with source type message", role)
        if (exists &&
            predicateAt != null
        ) {
            problems.add(predicateAt, "does not go with feature type exists", accepted = "feature type count")
        }
        if (predicateAt != null && predicate == null) return null
        return if (problems.all.size == before) ConversationSignal(name, exists, source, role?.let(roles::getValue), predicate) else null
    }

    companion object {
        private val features = mapOf("count" to false, "exists" to true)
        private val sources = ConversationSource.entries.associateBy { it.name.lowercase() }
        private val namedRoles = listOf(Role.USER, Role.ASSISTANT, Role.SYSTEM, Role.DEVELOPER, Role.TOOL)
        private val roles: Map<String, Set<Role>> =
            namedRoles.associate { it.name.lowercase() to setOf(it) } + ("non_user" to Role.entries.toSet() - Role.USER)

        fun read(section: Section): RawConversation {
            val feature = section.requiredSection("feature")
            val source = feature?.requiredSection("source")
            return RawConversation(
                name = section.requiredString("name"),
                at = section.here,
                description = section.string("description"),
                exists = feature?.requiredOneOf("type", features),
                source = source?.requiredOneOf("type", sources),
                role = source?.oneOf("role", roles.keys.associateWith { it }),
                roleAt = source?.at("role") ?: section.here,
                predicate = section.section("predicate")?.let(::readPredicate),
                predicateAt = if (section.has("predicate")) section.at("predicate") else null,
            ).also {
                source?.close()
                feature?.close()
                section.close()
            }
        }
    }
}

/** Counts parts of the conversation; the value is the count, or for `exists` 1 or 0. */
internal class ConversationSignal(
    name: String,
    private val exists: Boolean,
    private val source: ConversationSource,
    private val roles: Set<Role>?,
    private val predicate: Predicate?,
) : Signal {
    override val ref = SignalRef("conversation", name)
    override val cost = Cost.FIELD

    override fun read(facts: Facts): Reading {
        val count = count(facts)
        val value = if (exists) minOf(count, 1) else count
        val matched = predicate?.holds(value.toDouble()) ?: (value > 0)
        return Reading.Seen(matched, if (matched) 1.0 else 0.0, value.toDouble())
    }

    private fun count(facts: Facts): Int =
        when (source) {
            ConversationSource.MESSAGE -> facts.messages.count { roles == null || it.role in roles }
            ConversationSource.TOOL_DEFINITION -> facts.toolCount
            ConversationSource.ASSISTANT_TOOL_CALL -> facts.messages.sumOf { it.toolCallCount }
            ConversationSource.ASSISTANT_TOOL_CYCLE -> facts.messages.count { it.role == Role.TOOL }
            ConversationSource.ACTIVE_TOOL_LOOP -> if (isToolLoopActive(facts)) 1 else 0
            ConversationSource.IMAGE_CONTENT -> facts.messages.sumOf { it.imageCount }
        }

    private fun isToolLoopActive(facts: Facts): Boolean {
        val messages = facts.messages
        val beforeUser = if (messages.lastOrNull()?.role == Role.USER) messages.size - 2 else messages.size - 1
        if (messages.getOrNull(beforeUser)?.role == Role.TOOL) return true
        val newest = messages.indexOfLast { it.role == Role.ASSISTANT }
        if (newest < 0) return false
        val answered = (newest + 1 until messages.size).count { messages[it].role == Role.TOOL }
        return messages[newest].toolCallCount > answered
    }
}

/** The section at [key], reported where it is missing. */
internal fun Section.requiredSection(key: String): Section? {
    if (!has(key)) problems.add(at(key), "is required", accepted = "a mapping")
    return section(key)
}

/** An entry of [table], reported where it is missing. */
internal fun <E> Section.requiredOneOf(key: String, table: Map<String, E>): E? {
    if (!has(key)) problems.add(at(key), "is required", accepted = table.keys.joinToString())
    return oneOf(key, table)
}
