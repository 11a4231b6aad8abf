package routercluster.cli

import com.github.ajalt.clikt.parameters.options.convert
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.split
import com.github.ajalt.clikt.parameters.types.double
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.long
import com.github.ajalt.clikt.parameters.types.restrictTo
import org.slf4j.event.Level
import routercluster.cli.discovery.SIMULATED_MODELS
import routercluster.cli.discovery.SIMULATED_PORT
import routercluster.telemetry.LogFormat
import java.time.Duration

/**
 * How the scripted upstream behaves.
 *
 * @property headersAfter from a request to its answer's headers
 * @property firstTokenAfter from the headers to the first token
 * @property tokensPerSecond 0 sends all at once
 * @property errorRate share of requests answered with 500, 0..1
 * @property rateLimitRate share of requests answered with 429, 0..1
 * @property cutAfterTokens tokens after which the connection is cut; null never cuts
 * @property seed of the choice which requests fail
 */
class MockBehaviour(
    val models: List<String>,
    val headersAfter: Duration,
    val firstTokenAfter: Duration,
    val tokens: Int,
    val tokensPerSecond: Double,
    val errorRate: Double,
    val rateLimitRate: Double,
    val retryAfter: Duration,
    val cutAfterTokens: Int?,
    val seed: Long,
)

/** A server of simulated models. Closing it ends it. */
interface Simulation : AutoCloseable {
    val port: Int
}

private const val TOKENS_MAX = 1_000_000

/** `router mock-llm`: a scripted upstream to try a policy against. */
class MockLlm(
    private val log: (LogFormat, Level) -> AutoCloseable,
    private val start: (MockBehaviour, port: Int) -> Simulation,
    private val wait: (AutoCloseable) -> Unit = { untilTerminated(it) },
) : Command(
        "mock-llm",
        "Run a simulated LLM that speaks OpenAI's and Anthropic's API, with scripted latency and failures.",
        listOf(
            "router mock-llm --first-token 300ms --tokens-per-second 40",
            "router mock-llm --error-rate 0.1 --rate-limit-rate 0.05 --retry-after 2s",
        ),
    ) {
    private val port by port("--port", "default $SIMULATED_PORT", free = true).default(SIMULATED_PORT)
    private val models by option("--models", help = "default ${SIMULATED_MODELS.joinToString(",")}", metavar = "NAME,…")
        .split(",")
        .default(SIMULATED_MODELS)
    private val headersAfter by duration("--headers-after", "0ms", "wait before the answer's headers")
    private val firstToken by duration("--first-token", "50ms", "wait before the first token")
    private val tokens by count("--tokens", "tokens in an answer; default 20").default(20)
    private val tokensPerSecond by option("--tokens-per-second", help = "pace of a stream; 0 sends all at once; default 100")
        .double()
        .restrictTo(0.0..1e6)
        .default(100.0)
    private val errorRate by share("--error-rate", "share of requests answered with 500").default(0.0)
    private val rateLimitRate by share("--rate-limit-rate", "share of requests answered with 429").default(0.0)
    private val retryAfter by duration("--retry-after", "1s", "what a 429 says in Retry-After")
    private val cutAfter by count("--cut-after", "cut the connection after so many tokens")
    private val seed by option("--seed", help = "decides which requests fail; default 1").long().default(1L)

    override fun run() {
        val behaviour =
            MockBehaviour(models, headersAfter, firstToken, tokens, tokensPerSecond, errorRate, rateLimitRate, retryAfter, cutAfter, seed)
        log(LogFormat.HUMAN, Level.WARN).use {
            val running = opening(port, "--port") { start(behaviour, port) }
            echo("Simulated models ${models.joinToString()} at http://127.0.0.1:${running.port}/v1")
            wait(running)
        }
    }

    private fun count(name: String, help: String) = option(name, help = help, metavar = "TOKENS").int().restrictTo(0..TOKENS_MAX)

    private fun share(name: String, help: String) = option(name, help = "$help, 0 to 1", metavar = "SHARE").double().restrictTo(0.0..1.0)

    private fun duration(name: String, default: String, help: String) =
        option(name, help = "$help; default $default", metavar = "DURATION")
            .convert { parseDuration(it) ?: fail("$it is not a duration such as 250ms or 2s") }
            .default(parseDuration(default) ?: Duration.ZERO)
}

/** `250ms`, `2s`, `1m`; null for anything else. */
internal fun parseDuration(text: String): Duration? {
    val (number, unit) = Regex("""(\d{1,9})(ms|s|m)""").matchEntire(text)?.destructured ?: return null
    return when (unit) {
        "ms" -> Duration.ofMillis(number.toLong())
        "s" -> Duration.ofSeconds(number.toLong())
        else -> Duration.ofMinutes(number.toLong())
    }
}
