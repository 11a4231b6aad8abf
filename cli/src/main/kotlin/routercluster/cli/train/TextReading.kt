package routercluster.cli.train

import org.slf4j.event.Level
import routercluster.cli.Failure
import routercluster.cli.patientEncoders
import routercluster.policy.catalog.Catalog
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.OpenEncoder
import routercluster.policy.encode.Passage
import routercluster.policy.learnt.fit.ReadRequest
import routercluster.policy.learnt.fit.RequestReader
import routercluster.telemetry.LogFormat
import routercluster.telemetry.configureLogging
import java.time.Duration
import java.util.concurrent.CompletionException

/** Texts in one request to the encoder. */
private const val CHUNK = 64

private val PATIENCE: Duration = Duration.ofMinutes(5)

/** Texts as the encoders of a policy's catalog read them. */
class TextReading private constructor(
    private val reader: RequestReader,
    private val encoder: OpenEncoder,
    private val logging: AutoCloseable,
) : AutoCloseable {
    /** Labels of the domain head. */
    val domains: List<String> get() = reader.domains

    /** Hash of the encoder's files. */
    val version: String get() = encoder.status.version

    /**
     * Reads [texts], which are not blank.
     *
     * @param progress told how many are done
     * @throws Failure where the encoder fails
     */
    fun read(texts: List<String>, progress: (Int) -> Unit): List<ReadRequest> {
        val passages = texts.map { reader.passage(it) ?: throw Failure("there is no encoder head to read texts with") }
        var done = 0
        return texts.zip(passages).chunked(CHUNK).flatMap { chunk ->
            answers(chunk).also {
                done += chunk.size
                progress(done)
            }
        }
    }

    private fun answers(chunk: List<Pair<String, Passage>>): List<ReadRequest> {
        val reply =
            try {
                encoder.encode(EncodeRequest(chunk.map { it.second }, PATIENCE)).toCompletableFuture().join()
            } catch (failure: CompletionException) {
                throw Failure("texts could not be read: ${failure.cause?.message}")
            }
        return chunk.zip(reply.results) { (text, _), result -> reader.read(text, result) }
    }

    override fun close() {
        encoder.close()
        logging.close()
    }

    companion object {
        /**
         * Opens the encoder of [catalog]. It must be one of this process: others can be asked by the router, and are not made for whole data sets.
         *
         * @throws Failure where there is none
         */
        fun open(catalog: Catalog): TextReading {
            val reader = RequestReader(catalog)
            val name = reader.encoders.singleOrNull()
                ?: throw Failure(
                    "embedding, domain and complexity must come from one encoder, not from ${reader.encoders.ifEmpty { listOf("none") }}",
                )
            val settings = catalog.encoders[name] ?: throw Failure("the encoder $name is not one of this process")
            // Libraries that load with an encoder have much to say, and it would stand in the answer.
            val logging = configureLogging(LogFormat.HUMAN, Level.WARN)
            return try {
                TextReading(reader, patientEncoders.open(settings), logging)
            } catch (failure: EncodeFailure) {
                logging.close()
                throw Failure("texts cannot be read: ${failure.message}")
            }
        }
    }
}
