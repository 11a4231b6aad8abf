package routercluster.policy.dsl

import java.math.BigDecimal

/**
 * What a document says, whichever way it is written: numbers by their value, groups of one condition as that condition, and without lists
 * that are empty and values that are null where a router takes both for absent. Groups of AND within AND stay: their confidence differs.
 */
internal fun meaning(tree: Yaml, key: String = ""): Any? =
    when (tree) {
        is Yaml.Scalar -> scalar(tree)
        is Yaml.Sequence -> tree.items.map { meaning(it) }
        is Yaml.Mapping -> if (key == "rules" || "conditions" in tree.entries) rule(tree) else mapping(tree)
    }

private val absentWhenEmpty = setOf("signals", "projections", "modelCards", "decisions", "modelRefs", "plugins", "rules", "outputs")

private fun mapping(tree: Yaml.Mapping): Map<String, Any?> =
    tree.entries
        .mapValues { (key, value) -> meaning(value, key) }
        .filterNot { (key, value) ->
            (value == null) ||
                (key in absentWhenEmpty && (value == emptyList<Any>() || value == emptyMap<Any, Any>()))
        }

private fun rule(tree: Yaml.Mapping): Any? {
    val parts = (tree["conditions"] as? Yaml.Sequence)?.items.orEmpty()
    val operator = (tree["operator"] as? Yaml.Scalar)?.text
    return when {
        operator in setOf("AND", "OR") && parts.size == 1 -> meaning(parts.single(), "rules")
        operator == "AND" && parts.isEmpty() -> emptyMap<String, Any>()
        else -> mapping(tree)
    }
}

private fun scalar(tree: Yaml.Scalar): Any? =
    when (tree.kind) {
        Yaml.Scalar.Kind.TEXT -> tree.text
        Yaml.Scalar.Kind.NUMBER -> tree.text.toBigDecimalOrNull()?.let(::plain) ?: tree.text
        Yaml.Scalar.Kind.TRUTH -> tree.text.lowercase() == "true"
        Yaml.Scalar.Kind.NULL -> null
    }

/** Equal numbers of unequal scale are unequal as they come. */
private fun plain(number: BigDecimal) = if (number.signum() == 0) BigDecimal.ZERO else number.stripTrailingZeros()

internal fun document(text: String): Yaml.Mapping =
    when (val read = readYaml(text, "config.yaml")) {
        is ReadYaml.Document -> read.root
        is ReadYaml.Refused -> error(read.problems.joinToString("\n"))
    }

/** The part of a document that a program stands for. */
internal fun routingPart(root: Yaml.Mapping) = Yaml.Mapping(root.entries.filterKeys { it in compiledParts }, root.at)

/** Every difference between two meanings, each with its path. */
internal fun differences(one: Any?, other: Any?, path: String = ""): List<String> =
    when {
        one is Map<*, *> && other is Map<*, *> -> {
            (one.keys + other.keys).flatMap { key -> differences(one[key], other[key], "$path.$key") }
        }

        one is List<*> && other is List<*> && one.size == other.size -> {
            one.indices.flatMap { differences(one[it], other[it], "$path[$it]") }
        }

        one == other -> {
            emptyList()
        }

        else -> {
            listOf("${path.removePrefix(".")}: $one, $other")
        }
    }
