package routercluster.cli

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import org.apache.pekko.actor.typed.ActorSystem
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.junit.jupiter.api.Test
import routercluster.gateway.encode.EncoderOpener
import routercluster.gateway.encode.EncoderPool
import routercluster.gateway.encode.ready
import routercluster.grains.inference.Inference
import routercluster.inference.headsOf
import routercluster.inference.versionOf
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.policy.catalog.EncoderSettings
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.OpenEncoder
import routercluster.policy.encode.Passage
import java.io.File
import java.net.URLClassLoader
import java.time.Duration
import java.util.concurrent.TimeUnit

class ClusterEncodersTest {
    /** The classes of this program, loaded anew without those that need native libraries. */
    @Test
    fun `a node without native libraries serves a learned policy by the cluster's workers`() {
        val paths = System.getProperty("java.class.path").split(File.pathSeparator).filterNot { path -> NATIVE.any { it in path } }
        val urls = paths.map { File(it).toURI().toURL() }.toTypedArray()
        val before = Thread.currentThread().contextClassLoader
        URLClassLoader(urls, ClassLoader.getPlatformClassLoader()).use { loader ->
            Thread.currentThread().contextClassLoader = loader
            try {
                shouldThrow<ClassNotFoundException> { loader.loadClass("ai.onnxruntime.OrtEnvironment") }
                shouldThrow<ClassNotFoundException> { loader.loadClass("ai.djl.huggingface.tokenizers.HuggingFaceTokenizer") }
                loader.loadClass("routercluster.cli.RemoteAnswer").getMethod("labels").invoke(null) shouldBe LABELS
            } finally {
                Thread.currentThread().contextClassLoader = before
            }
        }
    }

    @Test
    fun `a node's own encoder is offered to all as long as it is open`() {
        withInference { inference ->
            val own = worker()
            val shared = sharedEncoders(inference, EncoderOpener { own }).open(settings)
            labels(shared) shouldBe LABELS
            shared.status shouldBe own.status
            inference.workers.map { it.encoder.name } shouldBe listOf("default")
            shared.close()
            own.status.isReady shouldBe false
        }
    }

    private companion object {
        val NATIVE = listOf("onnxruntime", "/ai/djl/")
    }
}

/** What becomes of a text at a node that asks the cluster. */
internal object RemoteAnswer {
    @JvmStatic
    fun labels(): Int =
        withInference { inference ->
            inference.offer("default", worker())
            val policy = loadWithFiles(LEARNED_POLICY, "p.yaml") { null }
            EncoderPool(remoteEncoders(inference)).use { pool ->
                pool.ready(policy).use { ready -> labels(checkNotNull(ready.lease).encoder) }
            }
        }
}

private val settings = EncoderSettings("default", folder = null)
private val domain = HeadRef("default", "domain")

private const val LABELS = 14

private const val LEARNED_POLICY = """
version: v0.3
providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
routing:
  signals: {domains: [{name: math}]}
  decisions: [{name: d, rules: {type: domain, name: math}}]
"""

/** With the heads and the version of the program's own encoder, but no network. */
private fun worker(): OpenEncoder {
    val source = sourceOf(settings)
    val scripted = ScriptedEncoder("default", headsOf(source))
    return object : OpenEncoder by scripted {
        override val status get() = scripted.status.copy(version = versionOf(source))
    }
}

private fun labels(encoder: Encoder): Int {
    val request = EncodeRequest(listOf(Passage("What is the derivative of x squared?", setOf(domain))), Duration.ofSeconds(20))
    val reply = encoder.encode(request).toCompletableFuture().get(30, TimeUnit.SECONDS)
    val odds = reply.results
        .single()
        .heads
        .getValue(domain) as HeadResult.Labels
    return odds.probabilities.size
}

private fun <T> withInference(use: (Inference) -> T): T {
    val system = ActorSystem.create(Behaviors.empty<Unit>(), "alone")
    return try {
        use(Inference(system))
    } finally {
        system.terminate()
        system.getWhenTerminated().toCompletableFuture().get(30, TimeUnit.SECONDS)
    }
}
