package routercluster.silo.contracts

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import java.nio.file.Files
import java.nio.file.Path

class ContractsTest {
    private val written = contractOfClasses()

    @Test
    fun `the reviewed file is what the classes say, and nodes of the version before can read it`() {
        val reviewed = if (Files.exists(file)) Contract.parse(Files.readString(file)) else written
        withClue("older nodes could not read this without a new number") { written.breaks(reviewed).shouldBeEmpty() }
        if (System.getenv("UPDATE_CONTRACTS") != null) Files.writeString(file, written.text())
        withClue("$file is not what the classes say: run this test with UPDATE_CONTRACTS=1, and review what it changes") {
            Files.readString(file) shouldBe written.text()
        }
    }

    @Test
    fun `a contract is read back as it was written`() {
        Contract.parse(written.text()) shouldBe written
    }

    @Test
    fun `every kept state and message was found`() {
        codecs.map { it.type.simpleName } shouldBe
            listOf("KeptCacheLedger", "KeptConversation", "KeptLearnt", "KeptLedger", "PolicyLogState", "KeptSelector")
        written.entries.filter { it.kind == Contract.MESSAGE }.map { it.name } shouldContain "silo.report.ReporterCommand.Drain"
    }

    @Test
    fun `what older nodes cannot read takes a new number`() {
        val rows =
            mapOf(
                part(id = null) to "a.Part has lost id",
                part(more = listOf("  more: Int")) to "a.Part has a new more that has to be there",
                part(id = "Long") to "a.Part has another id",
                part(id = "String?") to "a.Part has another id",
                part(constants = "ONE TWO THREE") to "a.Word has a new THREE that has to be there",
                part(constants = "ONE") to "a.Word has lost TWO",
            )
        for ((now, what) in rows) {
            withClue(what) {
                now.breaks(part()).map { it.substringBefore(": ") }.toSet() shouldBe setOf(what)
                now.breaks(part()) shouldHaveSize 2
                now.copy(written = 2).breaks(part()).single() shouldContain "the format of a.Kept must be more than 1"
            }
        }
        part(id = "Long", wire = 2, format = 2).breaks(part()).shouldBeEmpty()
    }

    @Test
    fun `a message may have a new field that need not be there, and a kept state may not`() {
        val now = part(more = listOf("  more: Int = 0"))
        now.breaks(part()) shouldBe listOf("a.Part has a new more: the format of a.Kept must be more than 1")
        part(more = listOf("  more: Int = 0"), format = 2).breaks(part()).shouldBeEmpty()
        part(
            more = listOf("  more: Int = 1"),
            format = 2,
        ).breaks(now.copy(entries = part(listOf("  more: Int = 0"), format = 2).entries)) shouldBe
            listOf(
                "a.Part has another more: WireVersion.WRITTEN must be more than 1",
                "a.Part has another more: the format of a.Kept must be more than 2",
            )
    }

    private fun part(
        more: List<String> = emptyList(),
        id: String? = "String",
        constants: String = "ONE TWO",
        wire: Int = 1,
        format: Int = 1,
    ): Contract {
        val fields = listOfNotNull(id?.let { "  id: $it" }, "  word: a.Word") + more
        val words = constants.split(' ').map { "  $it" }
        val lines =
            listOf("wire writes $wire, reads from 1", "message a.Told", "  parts: List<a.Part>", "kept a.Kept format $format") +
                listOf("  part: a.Part?", "part a.Part") + fields + "enum a.Word" + words
        return Contract.parse(lines.joinToString("\n"))
    }

    private companion object {
        /** Maven runs tests in the folder of their module. */
        val file: Path = Path.of("../grains/contracts.txt")
    }
}
