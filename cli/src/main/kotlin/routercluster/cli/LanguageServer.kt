package routercluster.cli

import com.github.ajalt.clikt.core.ProgramResult
import java.io.InputStream
import java.io.OutputStream

/**
 * `router language-server`: help for those who write policies, in their editor.
 *
 * @param serve speaks the protocol until the session is over, and returns its exit status
 */
class LanguageServer(private val serve: (input: InputStream, output: OutputStream) -> Int) :
    Command(
        "language-server",
        "Help an editor with policy files and programs: problems, fixes, completion, hover, layout. It speaks the Language Server " +
            "Protocol on standard input and output; docs/dsl.md has editor settings.",
        listOf("router language-server"),
    ) {
    override fun run() {
        val output = System.out
        // The protocol alone may write there: whatever a library prints would break it.
        System.setOut(System.err)
        try {
            val status = serve(System.`in`, output)
            if (status != ExitStatus.DONE) throw ProgramResult(status)
        } finally {
            System.setOut(output)
        }
    }
}
