package routercluster.policy.config.format

import routercluster.policy.limits.Dimension
import routercluster.policy.limits.LimitAlgorithm
import routercluster.policy.limits.LimitKind
import routercluster.policy.limits.LimitMatch
import routercluster.policy.limits.Pace

/** Of requests and tokens whole ones; of money down to a millionth. */
internal val limitAmounts = 0.000001..1_000_000_000.0

/** The seed's limits. */
internal val rateLimitFormat = fields(acts = "both doors") {
    flag("fail_open", "Whether requests pass where the limit cannot be asked.", false)
    parts("providers", "Who counts.") {
        choice("type", listOf("envoy-ratelimit", "local-limiter"), "A service of Envoy's protocol, or this cluster.", required = true)
        text("address", "Host and port of the service.")
        text("domain", "Domain of its rules.")
        parts("rules", "Limits of each user and model, over the last unit of time.") {
            text("name", "Name of the rule.", required = true)
            part("match", "Whom the rule is for.") {
                text("user", "A user; ${LimitMatch.ANY} is everybody who has a name.")
                text("group", "A group.")
                text("model", "A model.")
            }
            whole("requests_per_unit", counts, "Requests in one unit of time.")
            whole("tokens_per_unit", 0..Int.MAX_VALUE, "Tokens in one unit of time.")
            choice("unit", listOf("second", "minute", "hour", "day"), "The unit of time.", required = true)
        }
    }
}

/** Our own limits: of more kinds, by more names. */
internal val rateLimitsFormat = fields(acts = "both doors") {
    flag("fail_open", "Whether requests pass where a limit cannot be asked.", false)
    parts("rules", "Limits. A request must pass all that it matches.") {
        name("Name of the rule, once.")
        choice("kind", LimitKind.entries.map { it.label }, "What is counted; cost is money.", required = true)
        number("amount", limitAmounts, "How much of it in one window.", required = true)
        time("window", Pace.WINDOW_MIN..Pace.WINDOW_MAX, "How long the window is.", "1m")
        choice("algorithm", LimitAlgorithm.entries.map { it.label }, "How it is counted.", LimitAlgorithm.SLIDING_WINDOW.label)
        number("burst", limitAmounts, "What a token bucket holds when full; else as much as amount.")
        text("currency", "Of a cost; else the one that the prices of all models are in.")
        texts("per", "By what counts are told apart; else one count for all.", Dimension.entries.map { it.label }, "[]")
        part("match", "Whom and what the rule is for; else everything. ${LimitMatch.ANY} is all that has a name.") {
            text("user", "A user.")
            text("group", "A group that the user is in.")
            text("team", "A team.")
            text("model", "A model.")
            text("decision", "A decision.")
        }
    }
}
