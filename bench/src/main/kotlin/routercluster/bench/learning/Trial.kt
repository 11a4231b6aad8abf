package routercluster.bench.learning

/**
 * One contender on one stream.
 *
 * @property regretByQuarter reward of the best model that there was, one for each quarter of the stream, less that of what was picked
 * @property degradedNeeds requests of the degraded model until it had lost 90 % of its traffic; null where it never did, or had less
 *   than a twentieth of the traffic before
 * @property degradedShare of traffic before, 0..1
 * @property comingEven requests after the new model came until it had as much as each would have if all had the same; null for never
 * @property comingHalf the same until it had half of the traffic
 */
internal class Trial(
    val regretByQuarter: List<Double>,
    val degradedShare: Double,
    val degradedNeeds: Int?,
    val comingEven: Int?,
    val comingHalf: Int?,
) {
    val regret: Double get() = regretByQuarter.sum()
}

/** Requests over which a model's share of traffic is counted. */
private const val WINDOW = 500
private const val BEFORE = 2_000
private const val LEFT = 0.1
private const val NOTABLE = 0.05
private const val QUARTERS = 4

private class Awaited(val request: Request, val model: Int, val isGood: Boolean)

/** Runs [learner] over [requests] with a pool of [models]. */
internal fun trial(learner: Learner, requests: List<Request>, models: Int, change: Change): Trial {
    val due = HashMap<Int, MutableList<Awaited>>()
    val picks = IntArray(requests.size)
    for (request in requests) {
        due.remove(request.at)?.forEach { learner.judged(it.request, it.model, it.isGood, request.at) }
        val model = learner.pick(request, change.live(models, request.at))
        picks[request.at] = model
        learner.answered(request, model)
        val after = request.judgedAfter ?: continue
        val isGood = (change.quality(request, model) >= HALF) != request.isContrary
        due.getOrPut(request.at + after) { ArrayList() } += Awaited(request, model, isGood)
    }
    return measured(picks, requests, models, change)
}

private const val HALF = 0.5

private fun measured(picks: IntArray, requests: List<Request>, models: Int, change: Change): Trial {
    val quarters = requests.chunked((requests.size + QUARTERS - 1) / QUARTERS)
    val regrets = quarters.map { quarter ->
        val best = change.live(models, quarter.first().at).maxOf { model -> quarter.sumOf { reward(it, model, change) } }
        best - quarter.sumOf { reward(it, picks[it.at], change) }
    }

    fun share(model: Int, from: Int, until: Int) = (from until until).count { picks[it] == model }.toDouble() / (until - from)
    val before = share(change.degrading, (change.degradesAt - BEFORE).coerceAtLeast(0), change.degradesAt)
    val lost = (change.degradesAt..change.comesAt - WINDOW).firstOrNull { share(change.degrading, it, it + WINDOW) <= LEFT * before }
    val needs = lost?.takeIf { before >= NOTABLE }?.let { end -> (change.degradesAt until end).count { picks[it] == change.degrading } }

    fun reached(fair: Double) =
        (change.comesAt..requests.size - WINDOW).firstOrNull { share(change.coming, it, it + WINDOW) >= fair }?.minus(change.comesAt)
    val live = change.live(models, change.comesAt).size
    return Trial(regrets, before, needs, reached(1.0 / live), reached(HALF))
}

/** What [model] is worth for [request]: expected quality less cost, see [COST_WEIGHT]. */
internal fun reward(request: Request, model: Int, change: Change): Double =
    change.expected(request, model) - COST_WEIGHT * request.question.costs[model]
