package routercluster.cli

import com.fasterxml.jackson.databind.node.ObjectNode
import com.github.ajalt.clikt.core.CoreCliktCommand
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Files
import java.nio.file.Path

/** From a running router's records to what another policy would have come to, with the real modules behind the commands. */
class EvaluateTest {
    @TempDir
    lateinit var folder: Path

    private fun real(name: String): CoreCliktCommand = commands().single { it.commandName == name }

    private fun file(name: String, text: String) = "${Files.writeString(folder.resolve(name), text)}"

    private fun policy(name: String, small: Int, large: Int): String =
        file(
            name,
            """
            version: v0.3
            providers:
              defaults: {default_model: small}
              models:
                - {name: small, backend_refs: [{endpoint: "localhost:1"}]}
                - {name: large, backend_refs: [{endpoint: "localhost:2"}]}
            routing:
              decisions:
                - name: any
                  rules: {operator: AND, conditions: []}
                  modelRefs: [{model: small, weight: $small}, {model: large, weight: $large}]
                  algorithm: {type: weighted}
            """.trimIndent(),
        )

    /** As a router with the weights 0.75 and 0.25 would have logged it; the large model is the dearer and the better one. */
    private fun log(lines: Int): String {
        val record = parseJson(record(real("explain"), "explain", policy("log.yaml", 75, 25), "--prompt", "x", "--json").out)
        return (1..lines).joinToString("\n", postfix = "\n") { line(record.shouldNotBeNull().deepCopy(), it) }
    }

    private fun line(record: ObjectNode, number: Int): String {
        val isSmall = number % 4 != 0
        val picked = if (isSmall) "small" else "large"
        record.put("id", "r$number")
        record.withObject("/action").put("model", picked)
        val candidates = record.withArray("/candidates").associateBy { it["model"].textValue() }
        record.withArray("/candidates").removeAll()
        listOf(picked, if (isSmall) "large" else "small").forEach { record.withArray("/candidates").add(candidates[it]) }
        record
            .putObject("usage")
            .put("estimated", false)
            .put("cost", if (isSmall) 1.0 else 4.0)
            .put("cost_estimated", 0.0)
        record.withObject("/usage").put("currency", "EUR")
        record.putObject("end").put("status", 200).put("total_ms", if (isSmall) 50.0 else 200.0)
        val badEvery = if (isSmall) 2 else 8
        val good = if (number % badEvery == 0) 0 else 1_000
        val verdicts = record.putObject("verdicts").put("good_fit", good).put("underpowered", 1_000 - good)
        verdicts.put("overprovisioned", 0).put("failed", 0)
        return "$record"
    }

    @Test
    fun `policies are compared by a log`() {
        val now = policy("now.yaml", 75, 25)
        val new = policy("new.yaml", 20, 80)
        val page = folder.resolve("report.html")
        val args = arrayOf("evaluate", "--policy", now, "--policy", new, "--replay", file("log.jsonl", log(1_000)))
        val out = record(real("evaluate"), *args, "--html", "$page").out
        out shouldContain "1000 choices are used."
        out shouldContain "$now is better"
        Files.readString(page) shouldContain "<svg"
        val json = parseJson(record(real("evaluate"), *args, "--json").out).shouldNotBeNull()
        val cost = json["findings"].single { it["policy"].textValue() == new && it["metric"].textValue() == "cost" }
        cost["estimates"]["snips"]["value"].doubleValue() shouldBe (3.4 plusOrMinus 1e-9)
        json["differences"].single { it["metric"].textValue() == "cost" }["better"].textValue() shouldBe now
        record(real("evaluate"), *args).out shouldBe record(real("evaluate"), *args).out
    }

    @Test
    fun `a log as Parquet comes to the same`() {
        val lines = log(200)
        val columns = folder.resolve("log.parquet")
        withServer(mapOf("/decisions/export?limit=200" to lines, "/decisions/export?limit=200&after=r200" to "")) { admin ->
            record(real("replay"), "replay", "export", "--admin", admin, "--out", "$columns").err shouldBe
                "200 records as parquet in $columns"
        }
        val both = listOf(file("log.jsonl", lines), "$columns").map { log ->
            parseJson(
                record(real("evaluate"), "evaluate", "--policy", policy("p.yaml", 20, 80), "--replay", log, "--json").out,
            ).shouldNotBeNull()
        }
        both[1] shouldBe both[0]
    }

    @Test
    fun `a log that says too little concludes nothing, and one that is none is named`() {
        val short = file("log.jsonl", log(20))
        record(real("evaluate"), "evaluate", "--policy", policy("p.yaml", 1, 1), "--replay", short).out shouldContain
            "nothing can be concluded: the log says as much of it as"
        val bad = file("bad.jsonl", log(1) + "\nnonsense\n")
        record(real("evaluate"), "evaluate", "--policy", policy("p.yaml", 1, 1), "--replay", bad).err shouldContain
            "bad.jsonl:3: a decision record is not JSON"
        record(real("evaluate"), "evaluate", "--policy", policy("p.yaml", 1, 1), "--replay", "$folder/none").err shouldContain
            "no such file"
    }

    @Test
    fun `records are exported page by page`() {
        val lines = log(3).trimEnd().lines()
        val pages = mapOf(
            "/decisions/export?limit=200" to "${lines[0]}\n${lines[1]}\n",
            "/decisions/export?limit=200&after=r2" to "${lines[2]}\n",
            "/decisions/export?limit=200&after=r3" to "",
            "/decisions/export?limit=1&after=r1" to "${lines[1]}\n",
        )
        withServer(pages) { admin ->
            record(real("replay"), "replay", "export", "--admin", admin).out shouldBe lines.joinToString("\n")
            record(real("replay"), "replay", "export", "--admin", admin, "--after", "r1", "--limit", "1").out shouldBe lines[1]
            val out = folder.resolve("out.jsonl")
            record(real("replay"), "replay", "export", "--admin", admin, "--out", "$out").err shouldBe "3 records as jsonl in $out"
            Files.readString(out) shouldBe lines.joinToString("\n", postfix = "\n")
            record(real("replay"), "replay", "export", "--admin", admin, "--out", "$out", "--format", "parquet").err shouldBe
                "3 records as parquet in $out"
        }
        record(real("replay"), "replay", "export", "--format", "parquet").err shouldContain "--out FILE"
        record(real("replay"), "replay", "export", "--format", "csv").err shouldContain "choose from jsonl, parquet"
        record(real("replay"), "replay").err shouldContain "give the request id"
    }
}
