package routercluster.cli

import com.fasterxml.jackson.databind.node.ObjectNode
import com.github.ajalt.clikt.core.CoreCliktCommand
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Files
import java.nio.file.Path

/** From a policy with an experiment to its report, with the real modules behind the commands. */
class ExperimentTest {
    @TempDir
    lateinit var folder: Path

    private fun real(name: String): CoreCliktCommand = commands().single { it.commandName == name }

    private fun file(name: String, text: String) = "${Files.writeString(folder.resolve(name), text)}"

    private fun report(log: String, vararg more: String) =
        record(real("experiment"), "experiment", "report", "--replay", file("log.jsonl", log), *more)

    private val policy =
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
              modelRefs: [{model: small}, {model: large}]
        gateway:
          learning:
            experiments:
              - name: strong
                decision: any
                arms: [{name: now, share: 0.5}, {name: strong, share: 0.5, models: [large]}]
        """.trimIndent()

    /** Half of the conversations in each arm, the second one dearer. */
    private fun log(lines: Int): String {
        val explained = parseJson(record(real("explain"), "explain", file("p.yaml", policy), "--prompt", "x", "--json").out)
        return (1..lines).joinToString("\n") { number ->
            val isFirst = number % 2 == 0
            val line = explained.shouldNotBeNull().deepCopy<ObjectNode>()
            val note = line.withObject("/traits/experiment").put("name", "strong").put("arm", if (isFirst) "now" else "strong")
            note
                .put("unit", "u$number")
                .putObject("shares")
                .put("now", 0.5)
                .put("strong", 0.5)
            line.putObject("usage").put("estimated", false).put("cost", (if (isFirst) 1.0 else 4.0) + number % 3)
            line.withObject("/usage").put("cost_estimated", 0.0).put("currency", "EUR")
            line.putObject("end").put("status", 200).put("total_ms", 50.0 + number % 7)
            "$line"
        }
    }

    @Test
    fun `arms are compared by a log`() {
        val out = report(log(400)).out
        out shouldContain "EXPERIMENT strong"
        out shouldContain "now: 200 units, 200 requests"
        out shouldContain "cost: strong less now is 2.99"
        out shouldContain "now is better"
        out shouldContain "success: strong and now cannot be told apart: nothing can be concluded: every unit came out alike"
        val json = parseJson(report(log(400), "--json").out).shouldNotBeNull()
        val cost = json["experiments"].single()["comparisons"].single { it["metric"].textValue() == "cost" }
        cost["better"].textValue() shouldBe "now"
    }

    @Test
    fun `a log that says too little concludes nothing, and one that is none is named`() {
        report(log(10)).out shouldContain "Nothing can be concluded."
        report(log(10), "--experiment", "other").out shouldBe
            "10 records left out: it was in no experiment that is asked for.\nNo record was in an experiment: nothing can be concluded."
        report("nonsense").err shouldContain "log.jsonl:1: a decision record is not JSON"
        record(real("experiment"), "experiment").out shouldContain "report"
    }
}
