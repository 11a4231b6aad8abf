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
 *
 * A name that the policy knows as a whole is never taken apart, so model names may contain colons.
 */
data class ModelName(
    val written: String,
    val base: String,
    val recipe: String? = null,
    val pinned: String? = null,
    val cache: Boolean = true,
    val debug: Boolean = false,
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
            return switches(ModelName(written, written.substring(0, cut)), written.substring(cut + 1))
        }

        private fun switches(start: ModelName, text: String): Result {
            var name = start
            for (switch in text.split(':')) {
                name =
                    when {
                        switch == "debug" -> name.copy(debug = true)
                        switch == "no-cache" -> name.copy(cache = false)
                        switch.startsWith("recipe=") -> name.copy(recipe = switch.removePrefix("recipe="))
                        switch.startsWith("model=") -> name.copy(pinned = switch.removePrefix("model="))
                        else -> return Result.Unknown(switch)
                    }
            }
            return Result.Ok(name)
        }
    }

    sealed interface Result {
        data class Ok(val name: ModelName) : Result

        data class Unknown(val switch: String) : Result
    }
}
