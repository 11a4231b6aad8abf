package routercluster.telemetry

import ch.qos.logback.classic.spi.ILoggingEvent
import ch.qos.logback.classic.spi.IThrowableProxy
import com.fasterxml.jackson.core.JsonFactory
import com.fasterxml.jackson.core.JsonGenerator
import java.io.StringWriter
import java.time.Instant
import java.time.ZoneId
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import java.util.HexFormat
import ch.qos.logback.classic.Level as LogbackLevel

/** Writes a log record as text that ends with a line break. */
internal interface LogLines {
    fun of(event: ILoggingEvent): String

    /** Says that [count] records were lost since the last such line. */
    fun ofDropped(count: Long): String
}

private const val MESSAGE_CHARS_MAX = 8_192
private const val FRAMES_MAX = 40
private const val CAUSES_MAX = 5

/** One JSON object a line: `ts` (UTC), `level`, `logger`, `msg`, then `fields` and `error` where there are any. */
internal object JsonLines : LogLines {
    private val factory = JsonFactory()
    private val time = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC)

    override fun of(event: ILoggingEvent): String =
        line(event.instant, event.level.toString(), event.loggerName, event.formattedMessage.orEmpty()) { json ->
            fields(json, event)
            event.throwableProxy?.let { json.writeStringField("error", stackOf(it)) }
        }

    override fun ofDropped(count: Long): String =
        line(Instant.now(), "WARN", BoundedAppender::class.java.name, "log records dropped") { json ->
            json.writeObjectFieldStart("fields")
            json.writeNumberField("count", count)
            json.writeEndObject()
        }

    private fun line(at: Instant, level: String, logger: String, message: String, rest: (JsonGenerator) -> Unit): String {
        val text = StringWriter(256)
        factory.createGenerator(text).use { json ->
            json.writeStartObject()
            json.writeStringField("ts", time.format(at))
            json.writeStringField("level", level)
            json.writeStringField("logger", logger)
            json.writeStringField("msg", message.take(MESSAGE_CHARS_MAX))
            rest(json)
            json.writeEndObject()
        }
        return text.append('\n').toString()
    }

    private fun fields(json: JsonGenerator, event: ILoggingEvent) {
        val pairs = fieldsOf(event)
        if (pairs.isEmpty()) return
        json.writeObjectFieldStart("fields")
        pairs.forEach { (name, value) ->
            json.writeFieldName(name)
            when (value) {
                null -> json.writeNull()
                is Int -> json.writeNumber(value)
                is Long -> json.writeNumber(value)
                is Double -> json.writeNumber(value)
                is Boolean -> json.writeBoolean(value)
                else -> json.writeString(value.toString().take(MESSAGE_CHARS_MAX))
            }
        }
        json.writeEndObject()
    }
}

/** `12:00:00.000 INFO  Logger message name=value`, for people. Control characters are escaped: a record cannot forge another. */
internal class HumanLines(private val colour: Boolean, zone: ZoneId = ZoneId.systemDefault()) : LogLines {
    private val time = DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(zone)

    override fun of(event: ILoggingEvent): String =
        buildString {
            begin(event.instant, event.level, event.loggerName.substringAfterLast('.'))
            append(printable(event.formattedMessage.orEmpty().take(MESSAGE_CHARS_MAX)))
            ownFieldsOf(event).forEach { (name, value) ->
                append(' ').append(printable(name)).append('=').append(printable(value.toString().take(MESSAGE_CHARS_MAX)))
            }
            append('\n')
            event.throwableProxy?.let { proxy -> stackOf(proxy).lines().forEach { append("    ").append(printable(it)).append('\n') } }
        }

    override fun ofDropped(count: Long): String =
        buildString {
            begin(Instant.now(), LogbackLevel.WARN, BoundedAppender::class.java.simpleName)
            append("log records dropped count=").append(count).append('\n')
        }

    private fun StringBuilder.begin(at: Instant, level: LogbackLevel, logger: String) {
        append(time.format(at)).append(' ')
        append(paint(level)).append(level.toString().padEnd(LEVEL_CHARS)).append(paint(null)).append(' ')
        append(logger).append(' ')
    }

    private fun paint(level: LogbackLevel?): String =
        when {
            !colour -> ""
            level == null -> "\u001b[0m"
            level.isGreaterOrEqual(LogbackLevel.ERROR) -> "\u001b[31m"
            level.isGreaterOrEqual(LogbackLevel.WARN) -> "\u001b[33m"
            level.isGreaterOrEqual(LogbackLevel.INFO) -> "\u001b[32m"
            else -> "\u001b[36m"
        }

    private companion object {
        const val LEVEL_CHARS = 5
    }
}

/** The record's key-value pairs, after what its thread carries (MDC). Later names win. */
private fun fieldsOf(event: ILoggingEvent): Map<String, Any?> = event.mdcPropertyMap.orEmpty() + ownFieldsOf(event)

/** What the record itself says. Nothing of ours is carried by a thread; what Pekko puts there (paths, addresses, uids) helps no person. */
private fun ownFieldsOf(event: ILoggingEvent): Map<String, Any?> = event.keyValuePairs.orEmpty().associate { it.key to it.value }

private fun printable(text: String): String =
    if (text.none { it.isISOControl() && it != '\t' }) {
        text
    } else {
        buildString {
            text.forEach {
                if (it.isISOControl() &&
                    it != '\t'
                ) {
                    append("\\u").append(HexFormat.of().toHexDigits(it))
                } else {
                    append(it)
                }
            }
        }
    }

private fun stackOf(thrown: IThrowableProxy): String =
    generateSequence(thrown) { it.cause }.take(CAUSES_MAX).joinToString("\ncaused by ") { cause ->
        val frames = cause.stackTraceElementProxyArray.orEmpty()
        val head = "${cause.className}: ${cause.message}".take(MESSAGE_CHARS_MAX)
        (listOf(head) + frames.take(FRAMES_MAX).map { "  ${it.steAsString}" }).joinToString("\n")
    }
