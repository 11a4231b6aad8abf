package routercluster.cli.serve

import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.slf4j.event.Level
import routercluster.cli.ExitStatus
import routercluster.cli.Simulation
import routercluster.cli.discovery.Discover
import routercluster.cli.discovery.FoundModel
import routercluster.cli.discovery.Provider
import routercluster.cli.discovery.ProviderKind
import routercluster.cli.listener
import routercluster.cli.policy
import routercluster.cli.record
import routercluster.telemetry.LogFormat
import java.net.BindException
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CompletionException

class ServeTest {
    @TempDir
    lateinit var folder: Path

    private val events = mutableListOf<String>()
    private val ollama = Provider(ProviderKind.OLLAMA, listOf(FoundModel("a", 1.0)))
    private val logs = mutableListOf<Pair<LogFormat, Level>>()
    private var settings: ServeSettings? = null

    private val simulation =
        object : Simulation {
            override val port = 4711

            override fun close() {
                events += "simulation closed"
            }
        }

    private fun running(of: ServeSettings) =
        object : Running {
            override val port = of.port
            override val extProcPort = of.extProcPort
            override val adminPort = of.adminPort

            override fun close() {
                events += "gateway closed"
            }
        }

    private fun serve(discover: Discover = { emptyList() }, listenerPort: Int? = null, open: (ServeSettings) -> Running = ::running) =
        Serve(
            load = { text, file, _ ->
                events += "loaded $file ${Regex("127.0.0.1:\\d+").find(text)?.value}"
                policy(listeners = listOfNotNull(listenerPort?.let(::listener)))
            },
            log = { format, level ->
                logs += format to level
                AutoCloseable { events += "log closed" }
            },
            start = {
                settings = it
                events += "started"
                open(it)
            },
            simulate = {
                events += "simulated"
                simulation
            },
            discover = discover,
            wait = { running, _ -> running.close() },
        )

    @Test
    fun `starts simulated models where none is in reach and says so`() {
        val served = record(serve(), "serve")
        served.status shouldBe 0
        served.out shouldContain "SIMULATED"
        served.out shouldContain "curl -i http://127.0.0.1:8899/v1/chat/completions"
        served.out shouldContain "\"model\":\"auto\""
        events shouldContainExactly
            listOf("simulated", "loaded (simulated models) 127.0.0.1:4711", "started", "gateway closed", "simulation closed", "log closed")
    }

    @Test
    fun `serves the models it found`() {
        val served = record(serve({ listOf(ollama) }), "serve")
        served.out shouldContain "made for Ollama"
        served.out shouldNotContain "SIMULATED"
        events shouldContainExactly listOf("loaded (found models) 127.0.0.1:11434", "started", "gateway closed", "log closed")
    }

    @Test
    fun `serves a file and watches it`() {
        val file = Files.writeString(folder.resolve("p.yaml"), "x")
        record(serve(listenerPort = 9001), "serve", "--config", "$file").out shouldContain
            "http://127.0.0.1:9001/v1, ask for model \"auto\""
        settings?.file shouldBe file
        settings?.watch shouldBe true
        settings?.data shouldBe null
        record(serve(), "serve", "--no-watch", "--data-dir", "$folder", environment = mapOf("ROUTER_CONFIG" to "$file"))
        settings?.watch shouldBe false
        settings?.data shouldBe folder
    }

    @Test
    fun `an option beats the policy's listener`() {
        record(
            serve(listenerPort = 9001),
            "serve",
            "--port",
            "9002",
            "--host",
            "0.0.0.0",
            "--extproc-port",
            "1",
            "--admin-port",
            "2",
            "--log-level",
            "debug",
        )
        settings?.run { listOf(host, port, extProcPort, adminPort) } shouldBe listOf("0.0.0.0", 9002, 1, 2)
        logs shouldBe listOf(LogFormat.HUMAN to Level.DEBUG)
    }

    @Test
    fun `JSON logs come without a greeting`() {
        record(serve(), "serve", "--log-format", "json").out shouldBe ""
    }

    @Test
    fun `a port that is taken is named with the option that changes it`() {
        val taken = serve(open = { throw CompletionException(BindException("Address already in use")) })
        val served = record(taken, "serve")
        served.status shouldBe ExitStatus.REFUSED
        served.err shouldBe
            "port 8899 cannot be opened (Address already in use); choose another with --port, --extproc-port or --admin-port, or 0 for a free one"
    }

    @Test
    fun `a rehearsal starts on free ports and ends by itself`() {
        record(serve(), "serve", "--rehearse").status shouldBe 0
        settings?.run { listOf(port, extProcPort, adminPort) } shouldBe listOf(0, 0, 0)
        events.takeLast(3) shouldContainExactly listOf("gateway closed", "simulation closed", "log closed")
    }

    @Test
    fun `the banner shows models and ports as a tree`() {
        banner(
            policy(),
            "router.yaml",
            "127.0.0.1",
            running(ServeSettings(policy(), null, "127.0.0.1", 1, 2, 3)),
        ).lines().drop(1) shouldBe
            listOf(
                "├─ policy     router.yaml, revision 0123456789ab",
                "├─ models     2",
                "│    small  127.0.0.1:8000",
                "│    large  127.0.0.1:8000",
                "└─ open       http://127.0.0.1:1/v1, ask for model \"auto\"",
                "              ExtProc 127.0.0.1:2, admin http://127.0.0.1:3",
            )
    }
}
