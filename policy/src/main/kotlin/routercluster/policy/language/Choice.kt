package routercluster.policy.language

import routercluster.policy.config.nearestName
import routercluster.policy.models.Model
import java.net.InetAddress

/** What came of words for models. */
internal sealed interface Choice {
    /** @property names in the order of preference; never empty */
    class Models(val names: List<String>) : Choice

    class Unclear(val reason: String) : Choice
}

/** A word for what is asked of a model, and the order that it puts [models] in; null where the policy does not say enough for one. */
private class Merit(words: String, val what: String, val order: (models: List<Model>) -> List<Model>?) {
    val words = Regex("""\b(?:$words)\b""", RegexOption.IGNORE_CASE)
}

private val merits: List<Merit> =
    listOf(
        Merit("cheap|cheaper|cheapest|low[- ]cost|inexpensive", "pricing", ::byPrice),
        Merit("fast|faster|fastest|quick|quickest|small|smaller|smallest|light|lightest", "param_size", ::bySize),
        Merit(
            "premium|best|strong|stronger|strongest|smart|smartest|large|larger|largest|big|biggest|capable|powerful",
            "quality_score, param_size or pricing",
        ) {
            byQuality(it) ?: bySize(it)?.reversed() ?: byPrice(it)?.reversed()
        },
    )

private val filling = Regex("""\b(?:the|a|an|our|my|your|this|models?|llms?|one|most)\b""", RegexOption.IGNORE_CASE)

/** The models of [models] that [words] mean: a name, a tag, a word for cost, size or quality, or local ones. */
internal fun choiceOf(words: String, models: Collection<Model>): Choice {
    val bare = words.trim().trim('"', '“', '”', '`', '\'')
    models.firstOrNull { it.name.equals(bare, ignoreCase = true) }?.let { return Choice.Models(listOf(it.name)) }
    val meant = filling.replace(bare, " ").trim().replace(Regex("\\s+"), " ")
    models.firstOrNull { it.name.equals(meant, ignoreCase = true) }?.let { return Choice.Models(listOf(it.name)) }
    val marked = models.filter { model -> (model.card.tags + model.card.capabilities).any { it.equals(meant, ignoreCase = true) } }
    if (marked.isNotEmpty()) return Choice.Models(marked.map { it.name })
    val holding = models.filter {
        it.name
            .lowercase()
            .split('-', '_', '/', '.', ':', ' ')
            .contains(meant.lowercase())
    }
    if (holding.size == 1) return Choice.Models(holding.map { it.name })
    if (local.matches(meant)) return localModels(models)
    val merit = merits.firstOrNull { it.words.matches(meant) } ?: return unknown(bare, models)
    return merit.order(models.toList())?.let { Choice.Models(listOf(it.first().name)) }
        ?: Choice.Unclear("which model is \"$bare\" cannot be told: not all have ${merit.what}; name the model")
}

private val local = Regex("""local|on[- ]prem(?:ises)?|in[- ]house|self[- ]hosted""", RegexOption.IGNORE_CASE)

private fun unknown(words: String, models: Collection<Model>): Choice {
    val names = models.map { it.name }
    val nearest = nearestName(words, names)?.let { "; did you mean $it?" }.orEmpty()
    return Choice.Unclear("no model is called \"$words\"; accepted: ${names.joinToString()}$nearest")
}

/** Those whose upstreams are all in reach without leaving the network. */
internal fun localModels(models: Collection<Model>): Choice {
    val names = models.filter { model -> model.upstreams.all { isLocal(it.host) } }.map { it.name }
    return if (names.isEmpty()) Choice.Unclear("no model is local: each has an upstream with a public address") else Choice.Models(names)
}

private const val BYTE = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)"

/** IPv4 and IPv6 addresses; anything else would be looked up as a name. */
private val addressDigits = Regex("""(?:$BYTE\.){3}$BYTE|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*""")
private val privateEndings = listOf(".local", ".lan", ".internal", ".localhost", ".svc")

/** By the address alone, so a public name of a machine nearby is not local. A name without a dot means nothing outside a network. */
private fun isLocal(host: String): Boolean =
    if (addressDigits.matches(host)) {
        InetAddress.getByName(host).let { it.isLoopbackAddress || it.isSiteLocalAddress || it.isLinkLocalAddress || isUniqueLocal(it) }
    } else {
        '.' !in host || privateEndings.any { host.lowercase().endsWith(it) }
    }

/** fc00::/7, the private addresses of IPv6. */
private fun isUniqueLocal(address: InetAddress): Boolean = address.address.size == 16 && (address.address[0].toInt() and 0xFE) == 0xFC

private fun byPrice(models: List<Model>): List<Model>? {
    val prices = models.map { it.pricing ?: return null }
    if (prices.distinctBy { it.currency }.size > 1) return null
    return models.sortedBy { model -> model.pricing?.let { it.promptPerMillion + it.completionPerMillion } }
}

private fun byQuality(models: List<Model>): List<Model>? =
    if (models.all { it.card.quality != null }) models.sortedByDescending { it.card.quality } else null

private fun bySize(models: List<Model>): List<Model>? {
    val sizes = models.associateWith { sizeOf(it) ?: return null }
    return models.sortedBy { sizes[it] }
}

private val size = Regex("""(\d+(?:\.\d+)?)\s*([MBT])""", RegexOption.IGNORE_CASE)

/** In billions of parameters. */
private fun sizeOf(model: Model): Double? {
    val (number, unit) = model.card.parameterSize
        ?.let { size.find(it) }
        ?.destructured ?: return null
    return number.toDouble() * when (unit.uppercase()) {
        "M" -> 1e-3
        "T" -> 1e3
        else -> 1.0
    }
}
