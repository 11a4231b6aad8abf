package routercluster.policy.config

/**
 * What became of a text with references to environment variables.
 */
internal sealed interface Substitution {
    data class Done(val text: String) : Substitution

    /** [reason] names the variable or the reference that cannot be read, never a value. */
    data class Failed(val reason: String, val accepted: String) : Substitution
}

/**
 * Replaces references in [text] once, from left to right; what is put in is not looked at again.
 *
 * | written | becomes |
 * |---|---|
 * | `$NAME`, `${NAME}` | the variable; it must be set |
 * | `${NAME:-x}` | the variable, or `x` where it is unset or empty |
 * | `${NAME-x}` | the variable, or `x` where it is unset |
 * | `$$` | one dollar sign |
 *
 * A dollar sign before anything else stands for itself.
 */
internal fun substitute(text: String, environment: (String) -> String?): Substitution {
    val out = StringBuilder(text.length)
    var next = 0
    while (next < text.length) {
        val dollar = text.indexOf('$', next)
        if (dollar < 0) break
        out.append(text, next, dollar)
        val reference = referenceAt(text, dollar)
        when (reference) {
            null -> {
                return Substitution.Failed("is not a reference that can be read", REFERENCE_FORMS)
            }

            is Reference.Text -> {
                out.append(reference.text)
            }

            is Reference.Variable -> {
                val value = reference.resolve(environment) ?: return unset(reference.name)
                out.append(value)
            }
        }
        next = reference.end
    }
    out.append(text, next, text.length)
    return Substitution.Done(out.toString())
}

private const val REFERENCE_FORMS = "\$NAME, \${NAME}, \${NAME:-default}, \${NAME-default}, or \$\$ for a dollar sign"

private fun unset(name: String) =
    Substitution.Failed("environment variable $name is not set", "a variable that is set, or \${$name:-default}")

private sealed interface Reference {
    /** Where the text goes on. */
    val end: Int

    class Text(val text: String, override val end: Int) : Reference

    class Variable(val name: String, val operator: String, val default: String, override val end: Int) : Reference {
        fun resolve(environment: (String) -> String?): String? {
            val value = environment(name)
            return when (operator) {
                ":-" -> if (value.isNullOrEmpty()) default else value
                "-" -> value ?: default
                else -> value
            }
        }
    }
}

private val bare = Regex("""\$([A-Za-z_][A-Za-z0-9_]*)""")
private val braced = Regex("""\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:-|-)([^{}]*))?}""")

private fun referenceAt(text: String, dollar: Int): Reference? {
    val following = text.getOrNull(dollar + 1)
    return when {
        following == '$' -> {
            Reference.Text("$", dollar + 2)
        }

        following == '{' -> {
            braced.matchAt(text, dollar)?.let { match ->
                val (name, operator, default) = match.destructured
                Reference.Variable(name, operator, default, match.range.last + 1)
            }
        }

        else -> {
            bare.matchAt(text, dollar)?.let { Reference.Variable(it.groupValues[1], "", "", it.range.last + 1) }
                ?: Reference.Text("$", dollar + 1)
        }
    }
}
