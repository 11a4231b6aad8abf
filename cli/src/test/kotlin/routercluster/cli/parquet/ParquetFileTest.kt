package routercluster.cli.parquet

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.maps.shouldContain
import io.kotest.matchers.maps.shouldNotContainKey
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.apache.parquet.ParquetReadOptions
import org.apache.parquet.conf.PlainParquetConfiguration
import org.apache.parquet.example.data.Group
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter
import org.apache.parquet.hadoop.ParquetFileReader
import org.apache.parquet.io.ColumnIOFactory
import org.apache.parquet.io.LocalInputFile
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.cli.Failure
import routercluster.cli.ReplayFormat
import routercluster.cli.readRecords
import routercluster.cli.train.readOutcomes
import routercluster.cli.writeRecords
import routercluster.policy.record.BadRecord
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.decisionRecordOf
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.file.Files
import java.nio.file.Path
import java.util.Base64
import kotlin.random.Random

/** The columns as the library reads them, and the records as `router evaluate` does. */
class ParquetFileTest {
    @TempDir
    lateinit var folder: Path

    private val full =
        """
        {"id":"r1","time":"2026-11-30T12:00:00.123456789Z","policy_revision":"9b2e","asked_model":"auto","recipe":"auto","decision":"code",
        "confidence":0.75,"seed":7,"action":{"kind":"forward","model":"large"},
        "request":{"messages":2,"images":0,"tools":1,"metadata_entries":0,"text_length":30,"user_text_length":20,"identified":true},
        "signals":[{"type":"keyword","name":"kw","state":"matched","confidence":0.5,"value":3,"found":["kotlin"]}],
        "encoder_calls":[],"decisions":[],
        "candidates":[{"model":"large","lora":"sql","score":0.9,"reason":"a","not_taken":null,"propensity":0.75},
        {"model":"small","lora":null,"score":0.1,"reason":"b","not_taken":"behind","propensity":0.25}],
        "served_model":"large","conversation":"c1",
        "usage":{"prompt_tokens":11,"completion_tokens":5,"cached_tokens":2,"estimated":true,"cost":0.5,"cost_estimated":0.25,"currency":"EUR"},
        "end":{"status":502,"error":"upstream_failed","first_byte_ms":1.5,"total_ms":20.25},
        "verdicts":{"good_fit":1500,"underpowered":500,"overprovisioned":0,"failed":1000},
        "propensities":{"large:sql":0.75,"small":0.25},"a_field_of_a_newer_version":["kept"]}
        """.trimIndent().replace("\n", "")

    private val bare =
        """
        {"id":"r2","time":"2026-11-30T12:00:01Z","policy_revision":"9b2e","asked_model":"none","confidence":0,"seed":0,
        "action":{"kind":"refuse","status":404,"code":"model_not_found","message":"no such model"}}
        """.trimIndent().replace("\n", "")

    private fun write(vararg lines: String, name: String = "log.parquet"): Path =
        folder.resolve(name).also { writeRecords(it, ReplayFormat.PARQUET, lines.asSequence(), ::decisionRecordOf) shouldBe lines.size }

    private fun <T> opened(file: Path, use: (ParquetFileReader) -> T): T =
        ParquetFileReader(
            LocalInputFile(file),
            ParquetReadOptions.builder(PlainParquetConfiguration()).withCodecFactory(Gzip).build(),
        ).use(use)

    /** Every column that is not null, with lists and maps as text. */
    private fun rows(file: Path): List<Map<String, Any>> =
        opened(file) { reader ->
            val pages = reader.readNextRowGroup()
            val io = ColumnIOFactory().getColumnIO(reader.fileMetaData.schema)
            val records = io.getRecordReader(pages, GroupRecordConverter(reader.fileMetaData.schema))
            List(pages.rowCount.toInt()) { values(records.read()) }
        }

    private fun values(row: Group): Map<String, Any> =
        row.type.fields
            .filter { row.getFieldRepetitionCount(it.name) > 0 }
            .associate { field ->
                val isText = field.isPrimitive && field.asPrimitiveType().primitiveTypeName.name == "BINARY"
                field.name to if (isText) row.getString(field.name, 0) else row.getValueToString(row.type.getFieldIndex(field.name), 0)
            }

    private fun records(file: Path): List<DecisionRecord> = buildList { readRecords(file, ::decisionRecordOf, ::add) }

    @Test
    fun `a record is a row of typed columns`() {
        val row = rows(write(full)).single()
        row.keys shouldBe columns.map { it.type.name }.toSet() - setOf("action_status", "action_code")
        val expected = mapOf(
            "id" to "r1",
            "policy_revision" to "9b2e",
            "asked_model" to "auto",
            "recipe" to "auto",
            "decision" to "code",
            "confidence" to "0.75",
            "action_kind" to "forward",
            "action_model" to "large",
            "picked" to "large:sql",
            "propensity" to "0.75",
            "served_model" to "large",
            "conversation" to "c1",
            "usage_prompt_tokens" to "11",
            "usage_completion_tokens" to "5",
            "usage_cached_tokens" to "2",
            "usage_estimated" to "true",
            "usage_cost" to "0.5",
            "usage_cost_estimated" to "0.25",
            "usage_currency" to "EUR",
            "end_status" to "502",
            "end_error" to "upstream_failed",
            "end_first_byte_ms" to "1.5",
            "end_total_ms" to "20.25",
            "verdicts_good_fit" to "1500",
            "verdicts_underpowered" to "500",
            "verdicts_overprovisioned" to "0",
            "verdicts_failed" to "1000",
            "record" to full,
        )
        expected.forEach { (name, value) -> row.shouldContain(name, value) }
        row.getValue("time") shouldBe "1796040000123456"
        "${row["candidates"]}".words() shouldBe listOf("large:sql", "small")
        "${row["propensities"]}".words() shouldBe listOf("large:sql", "0.75", "small", "0.25")
        "${row["context"]}".words().windowed(2) shouldContainPair listOf("signal.keyword.kw.value", "3.0")
    }

    private fun String.words() = lines().map { it.substringAfter(": ", "").trim() }.filter(String::isNotEmpty)

    private infix fun List<List<String>>.shouldContainPair(pair: List<String>) {
        pair shouldBeIn this
    }

    @Test
    fun `what a record has not is null, and not 0`() {
        val row = rows(write(bare)).single()
        row.shouldContain("action_code", "model_not_found")
        row.shouldContain("action_status", "404")
        listOf("decision", "picked", "propensity", "propensities", "usage_cost", "end_status", "verdicts_failed").forEach {
            row shouldNotContainKey it
        }
    }

    @Test
    fun `records are read back as they were, also what this version does not know`() {
        val lines = ArrayList<String>()
        readParquet(write(full, bare)) { row, line -> lines += line.also { row shouldBe lines.size + 1 } }
        lines shouldBe listOf(full, bare)
        records(write(full, bare, name = "by its content.jsonl")).map { it.id } shouldBe listOf("r1", "r2")
    }

    @Test
    fun `an export of nothing is a file without rows`() {
        val file = write()
        records(file) shouldBe emptyList()
        opened(file) { it.fileMetaData.schema } shouldBe schema
    }

    @Test
    fun `a hundred thousand records are written and read in small groups`() {
        val file = folder.resolve("large.parquet")
        val random = Random(7)
        val lines = (1..100_000).asSequence().map { number ->
            bare.replace("\"r2\"", "\"r$number\"").replace("no such model", Base64.getEncoder().encodeToString(random.nextBytes(90)))
        }
        writeRecords(file, ReplayFormat.PARQUET, lines, ::decisionRecordOf) shouldBe 100_000
        opened(file) { reader ->
            reader.rowGroups.size shouldBeGreaterThan 1
            reader.rowGroups.maxOf { it.compressedSize } shouldBeLessThan 2 * ROW_GROUP_BYTES
        }
        var count = 0
        readParquet(file) { row, line -> if (line.startsWith("{\"id\":\"r$row\"")) count++ }
        count shouldBe 100_000
    }

    @Test
    fun `a file that is cut off, damaged or without the record is named`() {
        val whole = Files.readAllBytes(write(full))

        fun refusal(bytes: ByteArray) =
            shouldThrow<Failure> { records(Files.write(folder.resolve("bad.parquet"), bytes)) }.message.orEmpty()
        refusal(whole.copyOf(whole.size / 2)) shouldContain "bad.parquet: cannot be read: it is damaged, or no Parquet"
        refusal("PAR1".encodeToByteArray()) shouldContain "bad.parquet: cannot be read: it is damaged, or no Parquet"
        val footer = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getInt(whole.size - 8)
        refusal(whole.copyOf().also { it.fill(0, 4, whole.size - footer - 8) }) shouldContain "bad.parquet: cannot be read"
        val elsewhere = String(whole, Charsets.ISO_8859_1).replace("record", "recall").toByteArray(Charsets.ISO_8859_1)
        refusal(elsewhere) shouldContain "no text column `record`"
    }

    @Test
    fun `nothing is trained on records`() {
        shouldThrow<Failure> { readOutcomes(write(full)) }.message shouldContain "is Parquet; give JSON lines of texts and outcomes"
    }

    @Test
    fun `what stood there stays where records cannot be had`() {
        val file = write(full)
        val failing = sequence {
            yield(bare)
            throw Failure("no router answers")
        }
        for (format in ReplayFormat.entries) shouldThrow<Failure> { writeRecords(file, format, failing, ::decisionRecordOf) }
        shouldThrow<BadRecord> { writeRecords(file, ReplayFormat.PARQUET, sequenceOf("{}"), ::decisionRecordOf) }
        records(file).map { it.id } shouldBe listOf("r1")
        Files.list(folder).use { files -> files.map { "${it.fileName}" }.toList() } shouldBe listOf("log.parquet")
        shouldThrow<Failure> {
            writeRecords(
                folder.resolve("none/log.parquet"),
                ReplayFormat.PARQUET,
                sequenceOf(full),
                ::decisionRecordOf,
            )
        }.message shouldContain "cannot be written"
    }
}
