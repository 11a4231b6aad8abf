package routercluster.bench

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import org.openjdk.jmh.annotations.Benchmark
import org.openjdk.jmh.annotations.BenchmarkMode
import org.openjdk.jmh.annotations.Fork
import org.openjdk.jmh.annotations.Level
import org.openjdk.jmh.annotations.Measurement
import org.openjdk.jmh.annotations.Mode
import org.openjdk.jmh.annotations.OutputTimeUnit
import org.openjdk.jmh.annotations.Param
import org.openjdk.jmh.annotations.Scope
import org.openjdk.jmh.annotations.Setup
import org.openjdk.jmh.annotations.State
import org.openjdk.jmh.annotations.Warmup
import routercluster.policy.Candidate
import routercluster.policy.learnt.LearntKind
import routercluster.policy.learnt.fit.Fixed
import routercluster.policy.learnt.fit.JudgedRequest
import routercluster.policy.learnt.fit.ReadRequest
import routercluster.policy.learnt.fit.TrainingTask
import routercluster.policy.learnt.fit.Worth
import routercluster.policy.learnt.fit.train
import routercluster.policy.models.Model
import routercluster.policy.selectors.LearntSelector
import routercluster.policy.selectors.Ranked
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.selectors.Traits
import java.util.concurrent.TimeUnit
import kotlin.math.sqrt
import kotlin.random.Random

/** Choosing among ten candidates by an artifact: the aim is 200 µs at the median, for `knn` with 100,000 stored requests. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 3, time = 2)
@Fork(1)
open class LearntSelectorBench {
    @Param("knn", "kmeans", "svm", "mlp", "pareto")
    var algorithm: String = ""

    private val random = Random(SEED)
    private val names = List(MODELS) { "m$it" }
    private val candidates = names.map { Candidate(Model(it, emptyList())) }
    private val asked = List(ASKED) { request() }
    private var selector: LearntSelector? = null
    private var turn = 0

    @Setup(Level.Trial)
    fun prepare() {
        val kind = LearntKind.entries.first { it.key == algorithm }
        val requests = List(if (kind == LearntKind.KNN) STORED else TRAINED) {
            JudgedRequest(vector(), request(), names.associateWith { Worth(random.nextDouble()) })
        }
        val fixed = Fixed(neighbours = NEIGHBOURS, clusters = CLUSTERS)
        val task = TrainingTask(kind, requests, TOPICS, fixed, SEED, JsonNodeFactory.instance.objectNode())
        selector = LearntSelector(train(task) {}, costWeight = 0.0)
    }

    @Benchmark
    fun rank(): List<Ranked>? {
        val read = asked[turn++ % ASKED]
        val traits = Traits(read.embedding, read.traits.domains, read.traits.complexity, textLength = read.traits.textLength)
        return selector?.rank(candidates, SelectionContext(Random(SEED), traits = traits))
    }

    private fun request(): ReadRequest {
        val shares = List(TOPICS.size) { random.nextDouble() }.let { drawn -> drawn.map { it / drawn.sum() } }
        return ReadRequest(vector(), Traits(null, TOPICS.zip(shares).toMap(), random.nextDouble(), textLength = random.nextInt(5_000)))
    }

    private fun vector(): FloatArray {
        val drawn = FloatArray(EMBEDDING) { random.nextFloat() - 0.5f }
        val length = sqrt(drawn.sumOf { it.toDouble() * it }).toFloat()
        return FloatArray(EMBEDDING) { drawn[it] / length }
    }

    private companion object {
        const val SEED = 1
        const val MODELS = 10
        const val STORED = 100_000
        const val TRAINED = 5_000
        const val ASKED = 500
        const val NEIGHBOURS = 100
        const val CLUSTERS = 64
        const val EMBEDDING = 384
        val TOPICS = List(14) { "topic $it" }
    }
}
