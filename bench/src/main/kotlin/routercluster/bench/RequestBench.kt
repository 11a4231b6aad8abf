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
import routercluster.policy.Candidate
import routercluster.policy.Limits
import routercluster.policy.models.Model
import routercluster.policy.plugins.outgoingBody
import routercluster.policy.request.ChatBody
import routercluster.policy.request.parseChat
import java.util.concurrent.TimeUnit

/** A chat request's body: read once on the way in, with the model's name replaced on the way out. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
open class RequestBench {
    @Param("1024", "65536", "2097152")
    var promptBytes: Int = 0

    private val limits = Limits()
    private val candidate = Candidate(Model("mock", emptyList()))
    private var bytes = ByteArray(0)
    private var body = parseChat(chatBody(1), limits)

    @Setup
    fun write() {
        bytes = chatBody(promptBytes)
        body = parseChat(bytes, limits)
    }

    @Benchmark
    fun parse(): ChatBody = parseChat(bytes, limits)

    @Benchmark
    fun rewrite(): ByteArray = outgoingBody(body, candidate, "mock-upstream", emptyList(), "medium")
}

/** A chat request to `auto` with one user message of about [promptBytes]. */
internal fun chatBody(promptBytes: Int): ByteArray =
    """{"model":"auto","temperature":0.7,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"${prompt(
        promptBytes,
    )}"}]}"""
        .toByteArray()

/** English prose of [length] characters. */
internal fun prompt(length: Int): String {
    val sentence = "The quick brown fox asks which of the models should answer a question about routing. "
    return sentence.repeat(length / sentence.length + 1).take(length)
}
