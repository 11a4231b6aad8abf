package routercluster.telemetry

import ch.qos.logback.classic.Logger
import ch.qos.logback.classic.LoggerContext
import org.slf4j.LoggerFactory
import org.slf4j.bridge.SLF4JBridgeHandler
import org.slf4j.event.Level
import java.io.OutputStream
import java.nio.file.Files
import java.nio.file.Path
import ch.qos.logback.classic.Level as LogbackLevel

enum class LogFormat { JSON, HUMAN }

/** Logging that runs. Closing writes what is queued. */
class Logging internal constructor(private val appender: BoundedAppender) : AutoCloseable {
    /** Records that were lost because the queue was full. */
    val dropped: Long get() = appender.dropped

    override fun close() = appender.stop()
}

/**
 * Sends all log records of the process, those of java.util.logging too, to [out] and replaces what was set before. Records
 * pass a bounded queue: a slow [out] costs records, which are counted and reported, and never a request's time.
 *
 * @param level of everything but the chatty libraries below us, which speak from WARN up
 * @param colour for [LogFormat.HUMAN] only
 */
fun configureLogging(
    format: LogFormat,
    level: Level = Level.INFO,
    out: OutputStream = System.err,
    colour: Boolean = format == LogFormat.HUMAN && stderrIsTerminal(),
    queueRecordsMax: Int = 8_192,
): Logging {
    val factory = LoggerFactory.getILoggerFactory()
    val context = checkNotNull(factory as? LoggerContext) { "logback expected, found ${factory::class.java.name}" }
    context.reset()
    val lines =
        when (format) {
            LogFormat.JSON -> JsonLines
            LogFormat.HUMAN -> HumanLines(colour)
        }
    val appender = BoundedAppender(lines, out, queueRecordsMax)
    appender.context = context
    appender.start()
    val root: Logger = context.getLogger(Logger.ROOT_LOGGER_NAME)
    root.level = LogbackLevel.convertAnSLF4JLevel(level)
    root.addAppender(appender)
    val quiet = if (level.toInt() > Level.WARN.toInt()) root.level else LogbackLevel.WARN
    chattyLoggers.forEach { context.getLogger(it).level = quiet }
    // Each server of ours tells Armeria's discarding registry of the same threads, which it warns of.
    context.getLogger("io.micrometer.core.instrument.MeterRegistry").level = LogbackLevel.ERROR
    // Lucene 9 warns of every Java that has a newer vector API than it knows.
    context.getLogger("org.apache.lucene.internal.vectorization").level = LogbackLevel.ERROR
    SLF4JBridgeHandler.removeHandlersForRootLogger()
    SLF4JBridgeHandler.install()
    return Logging(appender)
}

private val chattyLoggers =
    listOf(
        "com.linecorp.armeria",
        "io.grpc",
        "io.lettuce",
        "io.micrometer",
        "io.netty",
        "io.opentelemetry",
        "io.prometheus",
        "io.qdrant",
        "jdk",
        "org.apache.pekko.event.slf4j",
        "reactor",
        "sun",
    )

/**
 * Whether standard error is a terminal that likes colours. `System.console()` cannot tell: from JDK 22 on there is one in any
 * case, and before it speaks of standard input and output.
 */
private fun stderrIsTerminal(): Boolean {
    if (System.getenv("NO_COLOR") != null || System.getenv("TERM") in setOf(null, "dumb")) return false
    return standardErrorLinks.firstOrNull { Files.exists(it) }?.let(::leadsToTerminal) ?: false
}

private val standardErrorLinks = listOf(Path.of("/proc/self/fd/2"), Path.of("/dev/fd/2"))

private fun leadsToTerminal(link: Path): Boolean =
    try {
        val target = link.toRealPath().toString()
        target.startsWith("/dev/pts/") || target.startsWith("/dev/tty")
    } catch (_: java.io.IOException) {
        false
    }
