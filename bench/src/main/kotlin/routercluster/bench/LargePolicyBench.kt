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
import org.openjdk.jmh.infra.Blackhole
import routercluster.policy.Policy
import routercluster.policy.Recipe
import routercluster.policy.config.loadPolicy
import routercluster.policy.decisions.Ruling
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.signals.Cost
import routercluster.policy.signals.Signal
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/**
 * A large policy: deciding by it, and reading all of its signals that ask no encoder, over the recipe with the most of them. Aims: decide
 * under 50 µs for 1 KB and 2 ms for 64 KB.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
open class LargePolicyBench {
    /** A policy's file, or `generated`. */
    @Param("generated")
    var file: String = ""

    @Param("1024", "65536", "2097152")
    var promptBytes: Int = 0

    private var recipe: Recipe? = null
    private var messages = emptyList<Message>()

    @Setup
    fun prepare() {
        recipe = largePolicy(file).recipes.values.maxBy { it.signals.count(::isHeuristic) }
        messages = listOf(Message(Role.USER, Prose(Random(1)).text(promptBytes)))
    }

    @Benchmark
    fun decide(): Ruling = checkNotNull(recipe).engine.decide(Facts(messages))

    @Benchmark
    fun readAll(sink: Blackhole) {
        val facts = Facts(messages)
        for (signal in checkNotNull(recipe).signals) if (isHeuristic(signal)) sink.consume(signal.read(facts))
    }

    private fun isHeuristic(signal: Signal) = signal.cost < Cost.ANALYSIS
}

/** Loading it. Aim: under 300 ms. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
open class PolicyLoadBench {
    /** A policy's file, or `generated`. */
    @Param("generated")
    var file: String = ""

    @Benchmark
    fun load(): Policy = largePolicy(file)
}

/** The policy of a [file], or a generated one. */
private fun largePolicy(file: String): Policy =
    loadPolicy(if (file == "generated") GeneratedPolicy.large() else Files.readString(Path.of(file)), file, System::getenv)
