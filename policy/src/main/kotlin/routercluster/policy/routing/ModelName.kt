package routercluster.policy.routing

/**
 * A request's `model` string taken apart: `name[:switch]...`, since some clients can set nothing else.
 *
 * | switch | does |
 * |---|---|
 * | `recipe=NAME` | routes by that recipe |
 * | `model=NAME` | pins a concrete model; the recipe's plugins do not apply |
 * | `no-cache` | neither reads nor writes a cache |
 * | `debug` | adds the debug headers |
 * | `all-signals` | reads every signal, also those that the decision does not need |
 *
 * A name that the policy knows as a whole is never taken apart, so model names may contain colons, also after `model=`.
 */
data class ModelName(
    val written: String,
    val base: String,
    val recipe: String? = null,
    val pinned: String? = null,
    val cache: Boolean = true,
    val debug: Boolean = false,
    val allSignals: Boolean = false,
) {
    companion object {
        /**
         * @param known whether the policy has a model, alias or entrypoint of exactly this name
         * @return the parts, or an error text naming the switch that is not understood
         */
        fun parse(written: String, known: (String) -> Boolean): Result {
            if (known(written)) return Result.Ok(ModelName(written, written))
            val cut = (written.indices.filter { written[it] == ':' } + written.length).lastOrNull { known(written.substring(0, it)) }
            if (cut == null || cut == written.length) return Result.Ok(ModelName(written, written))
            return switches(ModelName(written, written.substring(0, cut)), written.substring(cut + 1), known)
        }

        private fun switches(start: ModelName, text: String, known: (String) -> Boolean): Result {
            var name = start
            for (switch in split(text, known)) {
                name =
                    when {
                        switch == "debug" -> name.copy(debug = true)
                        switch == "all-signals" -> name.copy(allSignals = true)
                        switch == "no-cache" -> name.copy(cache = false)
                        switch.startsWith("recipe=") -> name.copy(recipe = switch.removePrefix("recipe="))
                        switch.startsWith(PIN) -> name.copy(pinned = switch.removePrefix(PIN))
                        else -> return Result.Unknown(switch)
                    }
            }
            return Result.Ok(name)
        }

        /** [text] cut at its colons, except those inside the longest known name that follows a `model=`. */
        private fun split(text: String, known: (String) -> Boolean): List<String> {
            val switches = mutableListOf<String>()
            var start = 0
            while (start <= text.length) {
                val ends = text.indices.filter { it >= start && text[it] == ':' } + text.length
                val pinned = if (text.startsWith(PIN, start)) ends.lastOrNull { known(text.substring(start + PIN.length, it)) } else null
                val end = pinned ?: ends.first()
                switches += text.substring(start, end)
                start = end + 1
            }
            return switches
        }

        private const val PIN = "model="
    }

    sealed interface Result {
        data class Ok(val name: ModelName) : Result

        data class Unknown(val switch: String) : Result
    }
}
