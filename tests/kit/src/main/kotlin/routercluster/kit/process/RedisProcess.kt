package routercluster.kit.process

import org.junit.jupiter.api.Assumptions.assumeTrue
import java.io.BufferedReader
import java.io.File
import java.io.IOException
import java.net.InetSocketAddress
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration

/**
 * A real Redis that keeps an append-only file and syncs it before each answer. It listens at a free port of the loopback interface and
 * keeps that port and its data when it is started again.
 */
class RedisProcess private constructor(private val binary: Path, private val folder: Path, val port: Int) : AutoCloseable {
    private var process = launch()

    /** Ends it at once; what it acknowledged is in its file. */
    fun kill() = process.kill()

    /** Starts it again after [kill] and waits until it has read its file. */
    fun restart() {
        process.close()
        process = launch()
    }

    fun pause() = process.pause()

    fun resume() = process.resume()

    /** Refuses to keep more than [bytes]; 0 takes the bound away. */
    fun limitMemory(bytes: Long) = check(command("CONFIG", "SET", "maxmemory", "$bytes") == "+OK")

    /** Bytes that its data takes. */
    fun usedMemory(): Long = info("used_memory")

    fun info(field: String): Long =
        checkNotNull(infoText().lineSequence().firstOrNull { it.startsWith("$field:") }) { "Redis tells no $field" }
            .substringAfter(':')
            .trim()
            .toLong()

    /** Keys of all kinds. */
    fun keyCount(): Long = command("DBSIZE").removePrefix(":").toLong()

    /** The first line of the answer to a command, as the protocol writes it. */
    fun command(vararg words: String): String = talk(words.toList()) { it.readLine().orEmpty() }

    private fun infoText(): String =
        talk(listOf("INFO")) { reader ->
            val size = reader.readLine().removePrefix("$").toInt()
            val text = CharArray(size)
            var read = 0
            while (read < size) read += reader.read(text, read, size - read).also { check(it > 0) { "Redis broke off" } }
            String(text)
        }

    private fun <T> talk(words: List<String>, read: (BufferedReader) -> T): T =
        Socket().use { socket ->
            socket.connect(InetSocketAddress(HOST, port), TALK_MILLIS_MAX)
            socket.soTimeout = TALK_MILLIS_MAX
            val asked = words.joinToString("", "*${words.size}\r\n") { "$${it.length}\r\n$it\r\n" }
            socket.getOutputStream().write(asked.toByteArray(Charsets.US_ASCII))
            read(socket.getInputStream().bufferedReader(Charsets.US_ASCII))
        }

    private fun launch(): ChildProcess {
        val options =
            listOf("--port", "$port", "--bind", HOST, "--dir", "$folder", "--appendonly", "yes", "--appendfsync", "always") +
                listOf("--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no")
        val started = ChildProcess.start("redis-server", listOf("$binary") + options)
        started.await("answer to PING", START_MAX) {
            try {
                Unit.takeIf { command("PING") == "+PONG" }
            } catch (_: IOException) {
                null
            }
        }
        return started
    }

    override fun close() {
        process.close()
        folder.toFile().deleteRecursively()
    }

    companion object {
        const val HOST = "127.0.0.1"
        private const val TALK_MILLIS_MAX = 5_000
        private val START_MAX = Duration.ofSeconds(30)

        /** The one on the path; null where Redis is not installed. */
        fun binary(): Path? =
            System
                .getenv("PATH")
                .orEmpty()
                .split(File.pathSeparator)
                .map { Path.of(it, "redis-server") }
                .firstOrNull(Files::isExecutable)

        /** Skips the calling test, visibly, where Redis is not installed. */
        fun requireBinary(): Path {
            val found = binary()
            assumeTrue(found != null, "Redis is not installed: sudo apt install redis-server")
            return checkNotNull(found)
        }

        fun start(): RedisProcess = RedisProcess(requireBinary(), Files.createTempDirectory("redis"), freePort(HOST))
    }
}
