package routercluster.policy.outcomes

/** What was known of a model when somebody asked; null for what was not asked. */
data class ModelFigures(val statistics: ModelStatistics? = null, val inFlight: Int? = null)

/** What was known of models at one time, by model. */
data class Figures(val models: Map<String, ModelFigures> = emptyMap()) : Measured {
    override fun statistics(model: String): ModelStatistics = models[model]?.statistics ?: ModelStatistics.NONE

    override fun inFlight(model: String): Int = models[model]?.inFlight ?: 0
}

/** Notes what is read of [source], so that the same can be read again later. For one thread. */
internal class Seen(private val source: Measured) : Measured {
    private val models = LinkedHashMap<String, ModelFigures>()
    val figures: Figures get() = if (models.isEmpty()) NO_FIGURES else Figures(models)

    override fun statistics(model: String): ModelStatistics =
        source.statistics(model).also { models[model] = (models[model] ?: ModelFigures()).copy(statistics = it) }

    override fun inFlight(model: String): Int =
        source.inFlight(model).also { models[model] = (models[model] ?: ModelFigures()).copy(inFlight = it) }
}

/** Nothing was asked. */
val NO_FIGURES = Figures()
