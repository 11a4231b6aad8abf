package routercluster.gateway.pipeline

import com.linecorp.armeria.common.HttpHeadersBuilder
import routercluster.policy.routing.Action
import routercluster.policy.routing.Plan
import routercluster.policy.signals.Reading
import java.util.Locale

/** How an answer came about, as `x-vsr-response-path` names it. */
enum class ResponsePath(val header: String) {
    UPSTREAM("upstream"),
    FAST_RESPONSE("fast_response"),
    CACHE("cache"),
    BLOCKED("blocked"),
    RATE_LIMITED("rate_limited"),
    ERROR("error"),
}

/**
 * The decision headers of an answer, with the seed's names and schema version 2, and `x-router-policy`, which is ours: the version of the
 * policy that decided. The small set is always there; one header per family of matched signals and the rest only where they
 * were asked for.
 */
fun HttpHeadersBuilder.addDecision(journey: Journey, plan: Plan?, path: ResponsePath, servedModel: String? = null) {
    set("x-request-id", journey.id)
    set("x-vsr-schema-version", "2")
    set("x-vsr-response-path", path.header)
    if (plan == null) return
    set("x-vsr-replay-id", journey.replayId(plan, servedModel))
    set("x-router-policy", plan.policy.shortRevision)
    plan.recipe?.let { set("x-vsr-selected-recipe", it) }
    plan.decision?.let {
        set("x-vsr-selected-decision", headerSafe(it.name))
        set("x-vsr-selected-algorithm", it.algorithm)
        set("x-vsr-selected-confidence", String.format(Locale.ROOT, "%.4f", plan.confidence))
    }
    val first = (plan.action as? Action.Forward)?.first
    (servedModel ?: first?.model?.name)?.let { set("x-vsr-selected-model", headerSafe(it)) }
    if (path == ResponsePath.FAST_RESPONSE) set("x-vsr-fast-response", "true")
    if (journey.debug || plan.asked.debug) addDebug(plan)
}

private fun HttpHeadersBuilder.addDebug(plan: Plan) {
    val first = (plan.action as? Action.Forward)?.first
    first?.reasoning?.let { set("x-vsr-selected-reasoning", if (it) "on" else "off") }
    plan.facts?.let { set("x-vsr-context-token-count", it.promptTokens.toString()) }
    category(plan)?.let { set("x-vsr-selected-category", headerSafe(it)) }
    plan.readings
        .filter { (_, reading) -> reading is Reading.Seen && reading.matched }
        .groupBy({ (ref, _) -> ref.type }, { (ref, _) -> ref.name })
        .forEach { (type, names) -> set("x-vsr-matched-${matchedHeader(type)}", headerSafe(names.joinToString(","))) }
}

/** The id that an upstream gave its answer: ours stands in the place of it, and a provider's support asks for theirs. */
const val UPSTREAM_REQUEST_ID = "x-upstream-request-id"

/** The value of [UPSTREAM_REQUEST_ID] where the upstream's answer had [given]; null where that is nothing but our own id again. */
internal fun upstreamRequestId(given: String?, own: String?): String? = given?.takeIf { it != own }

/** The domain that was found: the surest of those that matched. */
private fun category(plan: Plan): String? =
    plan.readings
        .mapNotNull { (ref, reading) -> (reading as? Reading.Seen)?.takeIf { ref.type == DOMAIN && it.matched }?.let { ref to it } }
        .maxByOrNull { (_, reading) -> reading.confidence }
        ?.let { (ref, reading) -> reading.found.firstOrNull() ?: ref.name }

private const val DOMAIN = "domain"

/** The seed names some families in the plural, and all with dashes. */
private fun matchedHeader(type: String): String = if (type in plurals) "${type}s" else type.replace('_', '-')

private val plurals = setOf("keyword", "embedding", DOMAIN)

/** Header values are ASCII; a name outside it is shown with question marks rather than refused. */
private fun headerSafe(text: String): String = String(CharArray(text.length) { if (text[it] in ' '..'~') text[it] else '?' })
