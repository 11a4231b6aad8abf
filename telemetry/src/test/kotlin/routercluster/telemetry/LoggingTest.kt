package routercluster.telemetry

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.Test
import org.slf4j.LoggerFactory
import org.slf4j.MDC
import org.slf4j.event.Level
import java.io.ByteArrayOutputStream
import java.io.OutputStream
import java.util.concurrent.CountDownLatch

class LoggingTest {
    private val log = LoggerFactory.getLogger("routercluster.gateway.Door")

    private fun logged(format: LogFormat, level: Level = Level.INFO, colour: Boolean = false, block: () -> Unit): List<String> {
        val out = ByteArrayOutputStream()
        configureLogging(format, level, out, colour).use { block() }
        return out.toString(Charsets.UTF_8).trimEnd('\n').lines()
    }

    private fun json(block: () -> Unit): List<JsonNode> = logged(LogFormat.JSON, block = block).map(ObjectMapper()::readTree)

    @Test
    fun `a JSON record is one line with its fields`() {
        val record =
            json {
                log
                    .atInfo()
                    .addKeyValue("model", "small")
                    .addKeyValue("attempts", 2)
                    .addKeyValue("served", true)
                    .log("answered \"quickly\"\nand well")
            }.single()
        record["ts"].textValue() shouldMatch """\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"""
        record["level"].textValue() shouldBe "INFO"
        record["logger"].textValue() shouldBe "routercluster.gateway.Door"
        record["msg"].textValue() shouldBe "answered \"quickly\"\nand well"
        record["fields"].toString() shouldBe """{"model":"small","attempts":2,"served":true}"""
        record.has("error") shouldBe false
    }

    @Test
    fun `an error record carries its causes`() {
        val record = json { log.error("reload failed", IllegalStateException("outer", IllegalArgumentException("inner"))) }.single()
        record["error"].textValue() shouldStartWith "java.lang.IllegalStateException: outer"
        record["error"].textValue() shouldContain "caused by java.lang.IllegalArgumentException: inner"
    }

    @Test
    fun `a record for people cannot forge another`() {
        val lines = logged(LogFormat.HUMAN) { log.atWarn().addKeyValue("model", "a\u001b[31m").log("first\n12:00 ERROR second") }
        lines.single() shouldMatch """\d\d:\d\d:\d\d\.\d{3} WARN  Door first\\u000a12:00 ERROR second model=a\\u001b\[31m"""
    }

    @Test
    fun `what a thread carries is for machines, and people read what the record says`() {
        val write = {
            MDC.putCloseable("pekkoUid", "42").use { log.atInfo().addKeyValue("model", "small").log("answered") }
        }
        logged(LogFormat.HUMAN, block = write).single() shouldMatch """[\d:.]+ INFO  Door answered model=small"""
        json(write).single()["fields"].toString() shouldBe """{"pekkoUid":"42","model":"small"}"""
    }

    @Test
    fun `a terminal gets colours`() {
        logged(LogFormat.HUMAN, colour = true) { log.error("down") }.single() shouldContain "\u001b[31mERROR\u001b[0m Door down"
    }

    @Test
    fun `libraries below us are quiet whatever our level`() {
        logged(LogFormat.HUMAN, Level.DEBUG) {
            log.debug("ours")
            LoggerFactory.getLogger("com.linecorp.armeria.server.Server").info("theirs")
            LoggerFactory.getLogger("io.netty.channel.Channel").warn("trouble")
        }.map { it.substringAfterLast(' ') } shouldContainExactly listOf("ours", "trouble")
    }

    @Test
    fun `java util logging comes out with the rest`() {
        val record = json {
            java.util.logging.Logger
                .getLogger("io.opentelemetry.exporter")
                .warning("unreachable")
        }.single()
        record["logger"].textValue() shouldBe "io.opentelemetry.exporter"
    }

    @Test
    fun `a full queue drops records, counts them and says so`() {
        val written = ByteArrayOutputStream()
        val gate = CountDownLatch(1)
        val stuck =
            object : OutputStream() {
                override fun write(b: Int) = written.write(b)

                override fun write(b: ByteArray) {
                    gate.await()
                    written.write(b)
                }
            }
        val logging = configureLogging(LogFormat.JSON, Level.INFO, stuck, queueRecordsMax = 4)
        repeat(100) { log.info("record {}", it) }
        logging.dropped shouldBeGreaterThan 90
        gate.countDown()
        logging.close()
        val last = ObjectMapper().readTree(
            written
                .toString(Charsets.UTF_8)
                .trim()
                .lines()
                .last(),
        )
        last["msg"].textValue() shouldBe "log records dropped"
        last["fields"]["count"].longValue() shouldBe logging.dropped
    }
}
