package routercluster.kit

import com.fasterxml.jackson.databind.ObjectMapper
import org.junit.jupiter.api.Assumptions.assumeTrue
import java.io.IOException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * A real Envoy as a child process. The system chooses its ports: the configuration names port 0 for the admin interface and for
 * every listener, so that nothing collides and nothing is guessed.
 *
 * @property listeners bound port per listener name
 */
class EnvoyProcess private constructor(
    private val process: Process,
    private val folder: Path,
    val adminPort: Int,
    val listeners: Map<String, Int>,
) : AutoCloseable {
    /** All that Envoy has written so far, access log included. */
    fun log(): String = Files.readString(folder.resolve(LOG))

    /** Value of one of Envoy's counters or gauges; null where it does not exist. */
    fun stat(name: String): Long? =
        get(adminPort, "/stats?filter=$name")
            ?.lineSequence()
            ?.firstOrNull { it.startsWith("$name: ") }
            ?.substringAfter(": ")
            ?.toLongOrNull()

    override fun close() {
        process.destroy()
        if (!process.waitFor(STOP_SECONDS_MAX, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
        folder.toFile().deleteRecursively()
    }

    companion object {
        /**
         * How long a test's Envoy waits for each answer of the router. The default cuts a stream, or refuses a request, whose router was not
         * given a processor for two seconds; on a busy machine that happens to 200 streams, and says nothing about them.
         */
        val MESSAGE_TIMEOUT: Duration = Duration.ofSeconds(30)

        private const val LOG = "envoy.log"
        private const val START_MILLIS_MAX = 30_000L
        private const val STOP_SECONDS_MAX = 5L
        private const val POLL_MILLIS = 20L
        private const val LOG_CHARS_MAX = 4_000
        private val ADMIN_TIMEOUT = Duration.ofSeconds(2)
        private val http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
        private val json = ObjectMapper()

        /** The binary that `ROUTER_ENVOY` names, or the one that `./router test` puts into `.router/venv`; null where there is none. */
        fun binary(): Path? {
            val asked = System.getenv("ROUTER_ENVOY")
            return if (asked == null) venvProgram("envoy") else Path.of(asked).takeIf(Files::isExecutable)
        }

        /** Skips the calling test, visibly, where Envoy is not installed. */
        fun requireBinary(): Path {
            val found = binary()
            assumeTrue(found != null, "Envoy is not installed: run ./router test, or set ROUTER_ENVOY")
            return checkNotNull(found)
        }

        /** Whether Envoy accepts [config]; the answer is null or Envoy's own words. */
        fun refusal(config: String): String? =
            inFolder { folder ->
                val process = launch(folder, config, "--mode", "validate")
                check(
                    process.waitFor(START_MILLIS_MAX, TimeUnit.MILLISECONDS),
                ) { "Envoy did not finish validating in $START_MILLIS_MAX ms" }
                val said = Files.readString(folder.resolve(LOG))
                folder.toFile().deleteRecursively()
                if (process.exitValue() == 0) null else said
            }

        /** Starts Envoy and waits until it is ready and its listeners are bound. */
        fun start(config: String): EnvoyProcess =
            inFolder { folder ->
                val process = launch(folder, config, "--concurrency", "2", "--admin-address-path", "$folder/admin")
                try {
                    val admin = await(process, folder, "an admin address") { readPort(folder.resolve("admin")) }
                    await(process, folder, "readiness") { get(admin, "/ready") }
                    EnvoyProcess(process, folder, admin, listeners(admin))
                } catch (failure: IllegalStateException) {
                    process.destroyForcibly()
                    throw failure
                }
            }

        private fun <T> inFolder(block: (Path) -> T): T = block(Files.createTempDirectory("envoy"))

        private fun launch(folder: Path, config: String, vararg more: String): Process {
            val file = Files.writeString(folder.resolve("envoy.yaml"), config)
            val command = listOf("${requireBinary()}", "-c", "$file", "--disable-hot-restart", "-l", "warning") + more
            return ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve(LOG).toFile()).start()
        }

        private fun <T : Any> await(process: Process, folder: Path, what: String, probe: () -> T?): T {
            val end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MILLIS_MAX)
            while (System.nanoTime() < end) {
                probe()?.let { return it }
                if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) break
            }
            val state = if (process.isAlive) "no $what after $START_MILLIS_MAX ms" else "exit ${process.exitValue()}, no $what"
            error("Envoy: $state\n${tail(Files.readString(folder.resolve(LOG)))}")
        }

        private fun readPort(file: Path): Int? =
            if (Files.exists(file)) {
                Files
                    .readString(file)
                    .substringAfterLast(':')
                    .trim()
                    .toIntOrNull()
            } else {
                null
            }

        private fun get(port: Int, path: String): String? =
            try {
                val request = HttpRequest.newBuilder(URI("http://127.0.0.1:$port$path")).timeout(ADMIN_TIMEOUT)
                http.send(request.build(), BodyHandlers.ofString()).takeIf { it.statusCode() == 200 }?.body()
            } catch (_: IOException) {
                null
            }

        private fun listeners(admin: Int): Map<String, Int> =
            json.readTree(get(admin, "/listeners?format=json")).path("listener_statuses").associate {
                it.path("name").asText() to it
                    .path("local_address")
                    .path("socket_address")
                    .path("port_value")
                    .asInt()
            }

        internal fun tail(log: String): String = log.takeLast(LOG_CHARS_MAX)
    }
}
