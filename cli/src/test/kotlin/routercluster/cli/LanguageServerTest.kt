package routercluster.cli

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.PrintStream

private fun message(json: String) = "Content-Length: ${json.length}\r\n\r\n$json"

class LanguageServerTest {
    /** Standard input and output are the process's own, so they are put back whatever happens. */
    private fun session(input: String, command: Command): Pair<Int, String> {
        val (usualIn, usualOut) = System.`in` to System.out
        val out = ByteArrayOutputStream()
        System.setIn(ByteArrayInputStream(input.toByteArray()))
        System.setOut(PrintStream(out, true))
        return try {
            record(command, "language-server").status to out.toString()
        } finally {
            System.setIn(usualIn)
            System.setOut(usualOut)
        }
    }

    @Test
    fun `a session over standard input and output`() {
        val real = commands().single { it.commandName == "language-server" } as Command
        val messages =
            listOf(
                """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"capabilities":{}}}""",
                """{"jsonrpc":"2.0","id":2,"method":"shutdown"}""",
                """{"jsonrpc":"2.0","method":"exit"}""",
            )
        val (status, out) = session(messages.joinToString("", transform = ::message), real)
        status shouldBe ExitStatus.DONE
        out shouldContain "\"hoverProvider\":true"
        out.take("Content-Length".length) shouldBe "Content-Length"
        session("", real).first shouldBe ExitStatus.REFUSED
    }

    @Test
    fun `what others print does not reach the protocol`() {
        val (status, out) =
            session(
                "",
                LanguageServer { _, output ->
                    System.out.append("noise").flush()
                    output.write("answer".toByteArray())
                    output.flush()
                    0
                },
            )
        status shouldBe ExitStatus.DONE
        out shouldBe "answer"
    }
}
