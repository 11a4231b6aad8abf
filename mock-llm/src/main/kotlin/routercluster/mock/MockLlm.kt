package routercluster.mock

import com.linecorp.armeria.common.metric.NoopMeterRegistry
import com.linecorp.armeria.server.Server
import java.net.InetSocketAddress
import java.time.Clock
import java.time.Duration
import java.util.Random

/**
 * Starts a scripted upstream that speaks OpenAI's and Anthropic's HTTP APIs over HTTP/1.1 and HTTP/2 without TLS.
 *
 * | path, after any prefix | answers |
 * |---|---|
 * | `/v1/chat/completions`, `/v1/completions`, `/v1/messages` | by the script, streamed or whole |
 * | `/v1/models`, `/v1/embeddings`, `/v1/moderations`, `/v1/images/...`, `/v1/audio/transcriptions` | the smallest valid shape |
 * | `/health`, `/stats` | state; not subject to faults |
 * | `POST /script`, `POST /script?next=N` | changes the script, for good or for the next N requests; see [readScript] |
 *
 * @param port 0 takes a free one
 * @param host address to listen at; by default reachable from this machine only
 * @param seed of the chance behind [Script.faultRate]
 * @throws java.util.concurrent.CompletionException where the port is taken
 */
fun mockLlm(
    script: Script = Script(),
    port: Int = 0,
    host: String = "127.0.0.1",
    seed: Long = 0,
    clock: Clock = Clock.systemUTC(),
): RunningMock {
    val state = MockState(script)
    val server =
        Server
            .builder()
            .http(InetSocketAddress(host, port))
            .requestTimeout(Duration.ZERO)
            .idleTimeout(idleMax)
            .maxRequestLength(REQUEST_BYTES_MAX)
            .http1MaxInitialLineLength(HEADER_BYTES_MAX)
            .http1MaxHeaderSize(HEADER_BYTES_MAX)
            .http2MaxHeaderListSize(HEADER_BYTES_MAX.toLong())
            .bossGroupFactory(::listeningGroup)
            // Nobody reads Armeria's own meters.
            .meterRegistry(NoopMeterRegistry.get())
            .serviceUnder("/", MockService(state, Random(seed), clock))
            .build()
    server.start().join()
    return RunningMock(server, state)
}

private const val REQUEST_BYTES_MAX = 256L * 1024 * 1024
private const val HEADER_BYTES_MAX = 256 * 1024
private val idleMax = Duration.ofMinutes(10)
