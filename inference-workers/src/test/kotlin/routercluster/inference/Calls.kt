package routercluster.inference

import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.VectorShape
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.TimeUnit
import kotlin.math.sqrt

/** Opens the encoder in [folder] under the name `tiny`. */
fun openTiny(
    folder: Path,
    hint: HeadHint = HeadHint(),
    windows: WindowBounds = WindowBounds(),
    batch: BatchBounds = BatchBounds(),
): OnnxEncoder =
    openEncoder(EncoderConfig("tiny", EncoderSource.Folder(folder), threads = 1, hint = hint, windows = windows, batch = batch))

fun tiny(head: String) = HeadRef("tiny", head)

fun Encoder.read(vararg passages: Passage, timeout: Duration = Duration.ofSeconds(60)): EncodeReply =
    encode(EncodeRequest(passages.toList(), timeout)).toCompletableFuture().get(90, TimeUnit.SECONDS)

fun Encoder.ask(head: HeadRef, text: String, pair: String? = null, vector: VectorShape = VectorShape.WHOLE): HeadResult =
    read(Passage(text, setOf(head), pair, vector))
        .results
        .single()
        .heads
        .getValue(head)

fun Encoder.vector(head: HeadRef, text: String, vector: VectorShape = VectorShape.WHOLE): FloatArray =
    (ask(head, text, vector = vector) as HeadResult.Vector).values

fun Encoder.labels(head: HeadRef, text: String, pair: String? = null): HeadResult.Labels = ask(head, text, pair) as HeadResult.Labels

fun dot(a: FloatArray, b: FloatArray): Float = a.indices.sumOf { a[it].toDouble() * b[it] }.toFloat()

fun norm(a: FloatArray): Float = sqrt(dot(a, a))

/** Largest difference between two rows. */
fun distance(a: FloatArray, b: FloatArray): Float = a.indices.maxOf { kotlin.math.abs(a[it] - b[it]) }
