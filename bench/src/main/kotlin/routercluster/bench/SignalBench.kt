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
import routercluster.policy.config.loadPolicy
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal
import java.util.concurrent.TimeUnit

/** Reading one signal of each kind, nothing known of the text beforehand. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
open class SignalBench {
    @Param("1024", "65536", "2097152")
    var promptBytes: Int = 0

    @Param("literal", "pattern", "bm25", "ngram", "fuzzy", "long", "questions", "turns")
    var rule: String = ""

    private val signals: Map<String, Signal> =
        loadPolicy(POLICY, "bench", { null })
            .recipes
            .getValue(Policy.DEFAULT_RECIPE)
            .signals
            .associateBy { it.ref.name }
    private var signal = signals.values.first()
    private var messages = emptyList<Message>()

    @Setup
    fun choose() {
        signal = signals.getValue(rule)
        messages = listOf(Message(Role.USER, prompt(promptBytes)))
    }

    @Benchmark
    fun read(): Reading = signal.read(Facts(messages))

    private companion object {
        const val POLICY = """
version: v0.3
providers:
  models: [{name: mock, backend_refs: [{name: mock, endpoint: "127.0.0.1:1", protocol: http}]}]
routing:
  signals:
    keywords:
      - {name: literal, operator: OR, keywords: [urgent, refund, invoice, "stack trace", kubernetes]}
      - {name: pattern, operator: OR, method: regex, keywords: ['\d{3}-\d{2}-\d{4}', '[a-z]+@[a-z]+\.com']}
      - {name: bm25, operator: OR, method: bm25, keywords: [code, function, "machine learning"], bm25_threshold: 0.1}
      - {name: ngram, operator: OR, method: ngram, keywords: [urgent, immediate], ngram_threshold: 0.4}
      - {name: fuzzy, operator: OR, method: fuzzy, keywords: [password, "credit card"], fuzzy_threshold: 82}
    context:
      - {name: long, min_tokens: 32K, max_tokens: 256K}
    structure:
      - {name: questions, feature: {type: count, source: {type: regex, pattern: '[?？]'}}, predicate: {gte: 4}}
    conversation:
      - {name: turns, feature: {type: count, source: {type: message, role: user}}, predicate: {gte: 2}}
  decisions:
    - {name: any, priority: 1, modelRefs: [{model: mock}]}
"""
    }
}
