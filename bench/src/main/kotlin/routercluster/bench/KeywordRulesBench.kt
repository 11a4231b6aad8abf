package routercluster.bench

import org.openjdk.jmh.annotations.Benchmark
import org.openjdk.jmh.annotations.BenchmarkMode
import org.openjdk.jmh.annotations.Fork
import org.openjdk.jmh.annotations.Measurement
import org.openjdk.jmh.annotations.Mode
import org.openjdk.jmh.annotations.OutputTimeUnit
import org.openjdk.jmh.annotations.Param
import org.openjdk.jmh.annotations.Scope
import org.openjdk.jmh.annotations.Setup
import org.openjdk.jmh.annotations.State
import org.openjdk.jmh.annotations.Warmup
import routercluster.policy.Policy
import routercluster.policy.Recipe
import routercluster.policy.config.loadPolicy
import routercluster.policy.decisions.Ruling
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.signals.Reading
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/**
 * Reading every keyword rule of a recipe, and deciding where each has a decision of its own. Hardly any rule holds. Aim: 1,000 rules take at most
 * three times as long as 10.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
open class KeywordRulesBench {
    @Param("10", "1000")
    var rules: Int = 0

    @Param("literal", "regex", "bm25", "ngram", "fuzzy")
    var method: String = ""

    @Param("1024", "65536", "2097152")
    var promptBytes: Int = 0

    private var recipe: Recipe? = null
    private var messages = emptyList<Message>()

    @Setup
    fun load() {
        val policy = loadPolicy(GeneratedPolicy.ofKeywordRules(rules, method), "bench", { null })
        recipe = policy.recipes.getValue(Policy.DEFAULT_RECIPE)
        messages = listOf(Message(Role.USER, Prose(Random(1)).text(promptBytes)))
    }

    @Benchmark
    fun readAll(): Int {
        val facts = Facts(messages)
        var read = 0
        for (signal in checkNotNull(recipe).signals) if ((signal.read(facts) as Reading.Seen).matched) read++
        return read
    }

    @Benchmark
    fun decide(): Ruling = checkNotNull(recipe).engine.decide(Facts(messages))
}
