package routercluster.policy.evaluation

/** What a choice is judged by. [key] names it in reports. [isBetterHigh] tells which of two values is the better one. */
enum class Metric(val key: String, val isBetterHigh: Boolean, val unit: String) {
    /** 0..1: the share of what was said of the answer that is not against the model's strength. Known where somebody said something. */
    QUALITY("quality", true, "0 to 1"),

    /** 1 for an answer that was served to its end, 0 for a failure. */
    SUCCESS("success", true, "share"),

    /** Of one request, in the policy's currency. */
    COST("cost", false, "currency"),

    /** From the request's arrival to the end of its answer, in milliseconds. */
    LATENCY("latency", false, "ms"),
}

/**
 * One logged choice and what came of it.
 *
 * @property stratum choices of one stratum are alike but for the model: the decision, as a rule
 * @property action the model that was picked
 * @property propensities chance with which each model was picked, 0..1, together 1; [action]'s is above 0
 * @property results what is known of the outcome; metrics that are not known are absent
 */
class Trial(val stratum: String, val action: String, val propensities: Map<String, Double>, val results: Map<Metric, Double>) {
    /** How often the choice counts for a policy that would pick each model with the chances [targets]. */
    fun weight(targets: Map<String, Double>): Double = (targets[action] ?: 0.0) / propensities.getValue(action)

    /** The share of [targets] that went to models which the log could not have picked here, 0..1. */
    fun unsupported(targets: Map<String, Double>): Double =
        targets.entries.sumOf { (model, chance) -> if ((propensities[model] ?: 0.0) > 0.0) 0.0 else chance }
}
