package routercluster.kit.process

import java.io.IOException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.net.http.HttpResponse.BodyHandlers
import java.nio.file.Path
import java.time.Duration

/** Ports of a node, free when they were chosen. Doors listen at [host], the admin API at 127.0.0.1. */
class NodePorts(val host: String) {
    val http: Int = freePort(host)
    val extProc: Int = freePort(host)
    val admin: Int = freePort()
}

/**
 * A node as a process of its own, on the class path of the test. It keeps its ports when it is started again.
 *
 * @property name for messages
 * @property ports where it is told to listen
 * @param javaOptions of the JVM besides those of [JAVA_OPTIONS]
 * @param program main class and arguments
 */
class NodeProcess(
    val name: String,
    val ports: NodePorts,
    private val javaOptions: List<String> = emptyList(),
    private val program: (NodePorts) -> List<String>,
) : AutoCloseable {
    private var process: ChildProcess? = null

    /** Where clients go. */
    val door: URI get() = URI("http://${ports.host}:${ports.http}")

    val isAlive: Boolean get() = process?.isAlive ?: false

    private val running: ChildProcess get() = checkNotNull(process) { "$name was never started" }

    /** Starts it without waiting. Only where it does not run. */
    fun launch(moreJavaOptions: List<String> = emptyList()) {
        check(!isAlive) { "$name runs already" }
        process?.close()
        val command = listOf(java, "-cp", classPath) + JAVA_OPTIONS + javaOptions + moreJavaOptions + program(ports)
        process = ChildProcess.start(name, command)
    }

    /** Waits until it is ready to serve. */
    fun awaitReady(within: Duration = START_MAX) {
        running.await("readiness", within) { Unit.takeIf { isReady() } }
    }

    fun isReady(): Boolean = status("/readyz") == OK

    /** The answer of the admin API; null where nobody answers. */
    fun admin(path: String): HttpResponse<String>? =
        try {
            val asked = HttpRequest.newBuilder(URI("http://127.0.0.1:${ports.admin}$path")).timeout(ASK_MAX)
            http.send(asked.build(), BodyHandlers.ofString())
        } catch (_: IOException) {
            null
        }

    /** Ends it at once, as a power cut does. */
    fun kill() = running.kill()

    /** Asks it to end in order, and waits until it has. */
    fun stop(within: Duration = STOP_MAX) {
        running.terminate()
        check(running.endsWithin(within)) { "$name has not ended $within after it was asked to; it wrote:\n${log().takeLast(4_000)}" }
    }

    fun endsWithin(time: Duration): Boolean = running.endsWithin(time)

    fun pause() = running.pause()

    fun resume() = running.resume()

    /** As [ChildProcess.limitFileSize]. */
    fun limitFileSize(bytes: Long?) = running.limitFileSize(bytes)

    fun log(): String = process?.log().orEmpty()

    fun residentBytes(): Long? = running.residentBytes()

    /** Waits until [probe] has an answer. */
    fun <T : Any> await(what: String, within: Duration, probe: () -> T?): T = running.await(what, within, probe)

    private fun status(path: String): Int? = admin(path)?.statusCode()

    override fun close() {
        process?.close()
    }

    companion object {
        /** `router serve` with [arguments]. */
        fun router(
            name: String,
            arguments: List<String>,
            host: String = "127.0.0.1",
            javaOptions: List<String> = emptyList(),
        ): NodeProcess =
            NodeProcess(name, NodePorts(host), javaOptions) { ports ->
                listOf("routercluster.cli.MainKt", "serve", "--host", host, "--port", "${ports.http}") +
                    listOf("--extproc-port", "${ports.extProc}", "--admin-port", "${ports.admin}") + arguments
            }

        /** Small, and soon at work: a node of a test lives for a minute. */
        val JAVA_OPTIONS =
            listOf("-Xms48m", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:+ExitOnOutOfMemoryError")
        val START_MAX: Duration = Duration.ofMinutes(3)
        val STOP_MAX: Duration = Duration.ofSeconds(40)
        private const val OK = 200
        private val ASK_MAX = Duration.ofSeconds(5)
        private val http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
        private val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()

        /** Maven's test runner has its own, which only names the real one. */
        private val classPath = System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")
    }
}
