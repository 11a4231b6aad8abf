package routercluster.gateway.cache

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.linecorp.armeria.common.QueryParams
import routercluster.gateway.classify.ApiBody
import routercluster.policy.cache.CacheScope
import routercluster.policy.cache.EntryFilter
import routercluster.policy.request.BadRequest
import java.time.DateTimeException
import java.time.Instant

/** Reads what operators mean from bodies and query strings. */
internal class CacheQuery(private val namespace: (CacheScope, tenant: String?, team: String?, user: String?) -> String?) {
    /** @throws BadRequest for what means nothing */
    fun filter(body: ApiBody, prefix: String = ""): EntryFilter {
        val scope = body.oneOf("scope", scopes)
        val tenant = body.name("tenant")
        val team = body.name("team")
        val user = body.name("user")
        if (scope == null && listOf(tenant, team, user).any { it != null }) {
            throw unfit(prefix, "say whose answers are meant: ${scopes.keys.joinToString()}")
        }
        val whose = scope?.let {
            namespace(it, tenant, team, user) ?: throw unfit(prefix, "come with the name of that ${it.name.lowercase()}")
        }
        return EntryFilter(
            recipe = body.name("recipe"),
            decision = body.name("decision"),
            model = body.name("model"),
            namespace = whose,
            keptBefore = body.name("kept_before")?.let { instant(it, "${prefix}kept_before") },
            id = body.name("id"),
        )
    }

    /** What a schema cannot tell. */
    private fun unfit(
        prefix: String,
        expected: String,
    ) = BadRequest(422, "invalid_value", "`${prefix}scope` must $expected.", "${prefix}scope")

    private fun instant(text: String, place: String): Instant =
        try {
            Instant.ofEpochMilli(Instant.parse(text).toEpochMilli())
        } catch (_: DateTimeException) {
            throw ApiBody.wrong(place, "be a time such as 2026-01-31T12:00:00Z")
        } catch (_: ArithmeticException) {
            throw ApiBody.wrong(place, "be a time such as 2026-01-31T12:00:00Z")
        }

    companion object {
        private val scopes = CacheScope.entries.associateBy { it.name.lowercase() }

        /** A query string as if it were a body: `true`, `false` and whole numbers are what they look like in the fields that want them. */
        fun bodyOf(query: QueryParams, flags: Set<String>, numbers: Set<String>): ApiBody {
            val json = JsonNodeFactory.instance.objectNode()
            for ((name, value) in query) {
                if (json.has(name)) throw BadRequest(400, "repeated_parameter", "A parameter is there twice.")
                if (value.any(Char::isISOControl)) throw ApiBody.wrong("a parameter", "have no control characters")
                val number = value.takeIf { name in numbers }?.toLongOrNull()
                when {
                    number != null -> json.put(name, number)
                    name in flags && value in booleans -> json.put(name, value.toBoolean())
                    else -> json.put(name, value)
                }
            }
            return ApiBody.of(json.toString().encodeToByteArray())
        }

        private val booleans = setOf("true", "false")
    }
}
