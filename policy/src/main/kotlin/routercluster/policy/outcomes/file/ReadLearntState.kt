package routercluster.policy.outcomes.file

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.core.JsonParser
import com.fasterxml.jackson.core.StreamReadConstraints
import com.fasterxml.jackson.core.json.JsonReadFeature
import com.fasterxml.jackson.databind.DeserializationFeature
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.json.JsonMapper
import routercluster.policy.FailureClass
import routercluster.policy.outcomes.Cell
import routercluster.policy.outcomes.ContextCell
import routercluster.policy.outcomes.ContextPoint
import routercluster.policy.outcomes.ContextSums
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Fall
import routercluster.policy.outcomes.LatencySketch
import routercluster.policy.outcomes.Layout
import routercluster.policy.outcomes.LearntLayout
import routercluster.policy.outcomes.ModelPair
import routercluster.policy.outcomes.PairCell
import routercluster.policy.outcomes.PairSums
import routercluster.policy.outcomes.Performance
import routercluster.policy.outcomes.Priors
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.record.BadRecord
import routercluster.policy.record.Fields
import java.time.Duration
import java.time.Instant

/** A file of learnt state that cannot be used. [message] says what is wrong where. */
class BadLearntState(override val message: String) : Exception(message, null, false, false)

/** Bounds on a file of learnt state. */
object LearntStateLimits {
    const val BYTES_MAX = 16L * 1024 * 1024
    const val DECISIONS_MAX = 4_096

    /** Of a decision. */
    const val MODELS_MAX = 1_024

    /** Of any one sum: far from where adding up would overflow. */
    const val SUM_MAX = 1_000_000_000_000_000L
    const val NAME_CHARACTERS_MAX = 512

    /** How far ahead of this node's clock another one's may be. */
    val AHEAD_MAX: Duration = Duration.ofMinutes(10)
}

/**
 * Reads all of it or nothing. What it does not know it refuses: a part that is passed over would be lost.
 *
 * @param now a slice that begins later than a few minutes after it is refused
 * @throws BadLearntState for anything that [toJson] would not have written, and for a newer version
 */
fun readLearntState(text: String, now: Instant): LearntState =
    try {
        LearntStateReader(now).read(tree(text))
    } catch (bad: BadRecord) {
        throw BadLearntState(bad.message)
    }

private fun tree(text: String): JsonNode =
    try {
        mapper.readTree(text)?.takeIf { it.isObject } ?: throw BadLearntState("it is no JSON object")
    } catch (bad: JacksonException) {
        val at = bad.location?.let { " at line ${it.lineNr}, column ${it.columnNr}" }.orEmpty()
        throw BadLearntState("it is not JSON$at")
    }

private val mapper: JsonMapper =
    JsonMapper
        .builder()
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
        .disable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
        .build()
        .apply { factory.setStreamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(NESTING_MAX).build()) }

private const val NESTING_MAX = 32

private class LearntStateReader(now: Instant) {
    private val latest = now.plus(LearntStateLimits.AHEAD_MAX)

    fun read(json: JsonNode): LearntState {
        val file = Fields(json, "", "the file")
        if (file.textOrNull("format") !=
            LearntState.FORMAT
        ) {
            throw BadLearntState("it is no learnt state: its format is not ${LearntState.FORMAT}")
        }
        val version = file.int("version")
        if (version != LearntState.VERSION) {
            throw BadLearntState("its version is $version; this router reads version ${LearntState.VERSION}")
        }
        file.only("format", "version", "exported_at", "policy_revision", "decisions")
        val decisions = file.list("decisions", ::decision)
        if (decisions.size > LearntStateLimits.DECISIONS_MAX) file.fail("decisions", "at most ${LearntStateLimits.DECISIONS_MAX}")
        decisions.groupBy { it.key }.values.firstOrNull { it.size > 1 }?.let {
            throw BadLearntState("the decision ${it.first().key.decision} of the recipe ${it.first().key.recipe} is there twice")
        }
        return LearntState(file.time("exported_at"), file.text("policy_revision"), decisions)
    }

    private fun decision(json: Fields): LearntDecision {
        json.only("recipe", "decision", "models", "comparisons", "prior_comparisons")
        val models = json.list("models", ::model)
        if (models.size > LearntStateLimits.MODELS_MAX) json.fail("models", "at most ${LearntStateLimits.MODELS_MAX}")
        if (models.distinctBy { it.first }.size != models.size) json.fail("models", "a model only once")
        val pairs = json.list("comparisons") {
            PairCell(it.slice("from", DecisionStatistics.VERDICT_SLICE), pair(it)) to
                pairSums(it, "from")
        }
        val prior = json.list("prior_comparisons") { pair(it) to pairSums(it) }
        val statistics = models.fold(DecisionStatistics.NONE) { sum, (_, statistics) -> sum + statistics }
        val compared =
            DecisionStatistics(pairs = pairs.once(json, "comparisons"), priors = Priors(pairs = prior.once(json, "prior_comparisons")))
        return LearntDecision(SelectionKey(json.text("recipe"), json.text("decision")), statistics + compared)
    }

    private fun model(json: Fields): Pair<String, DecisionStatistics> {
        json.only("model", "verdicts", "recent_verdicts", "fell", "attempts", "linear_models", "prior")
        val model = json.name("model")
        val fall = json.inner("fell")?.let { fell ->
            fell.only("at", "before")
            val before = fell.list("before") { it.slice("from", DecisionStatistics.VERDICT_SLICE) to verdicts(it, "from") }
            Fall(fell.slice("at", DecisionStatistics.RECENT_SLICE), before.once(fell, "before"))
        }
        val linear = json.list("linear_models") {
            val (layout, sums) = linear(it, "from")
            ContextCell(it.slice("from", DecisionStatistics.CONTEXT_SLICE), model, layout) to sums
        }
        return model to
            DecisionStatistics(
                performance = json.cells("attempts", model, DecisionStatistics.PERFORMANCE_SLICE, ::performance),
                verdicts = json.cells("verdicts", model, DecisionStatistics.VERDICT_SLICE) { verdicts(it, "from") },
                recent = json.cells("recent_verdicts", model, DecisionStatistics.RECENT_SLICE) { verdicts(it, "from") },
                contexts = linear.once(json, "linear_models"),
                falls = listOfNotNull(fall).associateBy { model },
                priors = json.inner("prior")?.let { prior(it, model) } ?: Priors.NONE,
            )
    }

    private fun prior(json: Fields, model: String): Priors {
        json.only("verdicts", "linear_models")
        val linear = json.list("linear_models") { linear(it).let { (layout, sums) -> LearntLayout(model, layout) to sums } }
        return Priors(
            json.inner("verdicts")?.let { mapOf(model to verdicts(it)) }.orEmpty(),
            linear.once(json, "linear_models"),
        )
    }

    private fun <V> Fields.cells(name: String, model: String, width: Duration, read: (Fields) -> V): Map<Cell, V> =
        list(name) { Cell(it.slice("from", width), model) to read(it) }.once(this, name)

    private fun Fields.slice(name: String, width: Duration): Long {
        val from = time(name)
        val seconds = width.toSeconds()
        if (from.nano != 0 || Math.floorMod(from.epochSecond, seconds) != 0L) fail(name, "the beginning of a slice of $width")
        if (from > latest) fail(name, "no later than now")
        return Math.floorDiv(from.epochSecond, seconds)
    }

    private fun performance(json: Fields): Performance {
        json.only(
            "from",
            "attempts",
            "failures",
            "first_byte",
            "total",
            "per_token",
            "prompt_tokens",
            "completion_tokens",
            "cost_nanos",
        )
        return Performance(
            attempts = json.count("attempts"),
            failures = json
                .inner("failures")
                ?.let { failures ->
                    failures.names().associate { failure(it, failures) to failures.count(it) }
                }.orEmpty(),
            firstByte = json.sketch("first_byte"),
            total = json.sketch("total"),
            perToken = json.sketch("per_token"),
            promptTokens = json.count("prompt_tokens"),
            completionTokens = json.count("completion_tokens"),
            costNanos = json.count("cost_nanos"),
        )
    }
}

private fun Fields.only(vararg known: String) {
    names().firstOrNull { it !in known }?.let { fail(it, "left out: it is unknown here") }
}

private fun <K, V> List<Pair<K, V>>.once(json: Fields, name: String): Map<K, V> =
    toMap().also { if (it.size != size) json.fail(name, "a list that has each slice only once") }

private fun Fields.name(field: String): String =
    text(field).also { if (it.length !in 1..LearntStateLimits.NAME_CHARACTERS_MAX) fail(field, "a name") }

private fun Fields.count(name: String): Long =
    long(name).also { if (it !in 0..LearntStateLimits.SUM_MAX) fail(name, "from 0 to ${LearntStateLimits.SUM_MAX}") }

/** A count with up to three decimals, in thousandths. */
private fun Fields.parts(name: String): Long {
    val number = numberOrNull(name)?.toBigDecimal()?.movePointRight(DECIMALS) ?: return 0
    val whole = number.stripTrailingZeros()
    if (whole.scale() > 0 || whole.signum() < 0 || whole > LearntStateLimits.SUM_MAX.toBigDecimal()) {
        fail(name, "a count, not below 0, with up to $DECIMALS decimals")
    }
    return whole.toLong()
}

private fun verdicts(json: Fields, vararg beside: String): VerdictSums {
    json.only("good_fit", "underpowered", "overprovisioned", "failed", *beside)
    return VerdictSums(json.parts("good_fit"), json.parts("underpowered"), json.parts("overprovisioned"), json.parts("failed"))
}

private fun pair(json: Fields): ModelPair {
    val (first, second) = json.name("first") to json.name("second")
    return if (first < second) ModelPair(first, second) else json.fail("second", "a name that comes behind first")
}

private fun pairSums(json: Fields, vararg beside: String): PairSums {
    json.only("first", "second", "first_won", "second_won", *beside)
    return PairSums(json.parts("first_won"), json.parts("second_won"))
}

private fun failure(name: String, json: Fields): FailureClass =
    FailureClass.entries.firstOrNull { it.name.lowercase() == name } ?: json.fail(name, "left out: it is no class of failures")

private fun Fields.sketch(name: String): LatencySketch =
    try {
        LatencySketch.ofLongs(
            longs(name)
                .onEach {
                    if (it >
                        LearntStateLimits.SUM_MAX
                    ) {
                        fail(name, "numbers of bins and counts")
                    }
                }.toLongArray(),
        )
    } catch (_: IllegalArgumentException) {
        fail(name, "numbers of bins, ascending, and their counts in turn")
    }

private fun linear(json: Fields, vararg beside: String): Pair<Layout, ContextSums> {
    json.only("layout", "products", "rewards", *beside)
    val products = json.sums("products")
    val rewards = json.sums("rewards")
    if (rewards.size !in 1..ContextPoint.FEATURES_MAX || products.size != rewards.size * (rewards.size + 1) / 2) {
        json.fail("products", "the lower triangle for as many features as there are rewards, 1 to ${ContextPoint.FEATURES_MAX}")
    }
    return Layout(json.int("layout"), rewards.size) to ContextSums(products, rewards)
}

private fun Fields.sums(name: String): LongArray =
    longs(name)
        .onEach {
            if (it !in
                -LearntStateLimits.SUM_MAX..LearntStateLimits.SUM_MAX
            ) {
                fail(name, "sums of less than ${LearntStateLimits.SUM_MAX}")
            }
        }.toLongArray()
