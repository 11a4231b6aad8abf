package routercluster.kit.process

import org.junit.jupiter.api.Assumptions.assumeTrue
import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * A program that runs beside the tests. What it writes is kept and shown only where it did not do as it should. It ends with this
 * process at the latest.
 */
class ChildProcess private constructor(private val name: String, private val process: Process, private val log: Path) : AutoCloseable {
    private val hook = Thread { process.destroyForcibly() }

    init {
        Runtime.getRuntime().addShutdownHook(hook)
    }

    val pid: Long get() = process.pid()
    val isAlive: Boolean get() = process.isAlive

    /** All that it has written so far. */
    fun log(): String = Files.readString(log)

    /** Ends it at once, without a chance to say goodbye; returns when it is gone. */
    fun kill() {
        process.destroyForcibly().waitFor()
    }

    /** Holds all its threads, as a machine that is out of breath does. */
    fun pause() = signal("STOP")

    fun resume() = signal("CONT")

    /**
     * From now on it cannot write beyond so many [bytes] of any file, as on a disk that is full; null takes the bound away. Skips the
     * calling test, visibly, where the system cannot do that.
     */
    fun limitFileSize(bytes: Long?) {
        val command = listOf("prlimit", "--pid", "$pid", "--fsize=${bytes ?: "unlimited"}:unlimited")
        val status =
            try {
                ProcessBuilder(command).inheritIO().start().waitFor()
            } catch (_: IOException) {
                null
            }
        assumeTrue(status != null, "prlimit is not installed: sudo apt install util-linux")
        check(status == 0) { "$name (process $pid) cannot be limited" }
    }

    /** Asks it to end, without waiting. */
    fun terminate() = process.destroy()

    /** Whether it has ended within [time]. */
    fun endsWithin(time: Duration): Boolean = process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS)

    /** Memory that it holds, in bytes; null where the system does not tell. */
    fun residentBytes(): Long? {
        val status = Path.of("/proc/$pid/status")
        if (!Files.isReadable(status)) return null
        val line = Files.readAllLines(status).firstOrNull { it.startsWith("VmRSS:") } ?: return null
        return line.filter(Char::isDigit).toLong() * 1024
    }

    /**
     * Asks [probe] again and again until it has an answer.
     *
     * @throws IllegalStateException with the program's output, where it has ended or [within] is over
     */
    fun <T : Any> await(what: String, within: Duration, probe: () -> T?): T {
        val end = System.nanoTime() + within.toNanos()
        while (System.nanoTime() < end) {
            probe()?.let { return it }
            if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) break
        }
        val state = if (isAlive) "no $what after $within" else "ended with ${process.exitValue()}, no $what"
        error("$name: $state; it wrote:\n${log().takeLast(LOG_CHARS_MAX)}")
    }

    override fun close() {
        kill()
        // While the JVM ends the hooks are running already, and none can be removed.
        runCatching { Runtime.getRuntime().removeShutdownHook(hook) }
        Files.deleteIfExists(log)
    }

    private fun signal(signal: String) {
        val status = ProcessBuilder("sh", "-c", "kill -$signal $pid").inheritIO().start().waitFor()
        check(status == 0) { "$name (process $pid) cannot be sent $signal" }
    }

    companion object {
        private const val POLL_MILLIS = 20L
        private const val LOG_CHARS_MAX = 6_000

        /** @param name for messages */
        fun start(name: String, command: List<String>, environment: Map<String, String> = emptyMap()): ChildProcess {
            val log = Files.createTempFile(name, ".log")
            val builder = ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile())
            builder.environment() += environment
            return ChildProcess(name, builder.start(), log)
        }
    }
}
