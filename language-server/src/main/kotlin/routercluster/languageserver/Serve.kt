package routercluster.languageserver

import org.eclipse.lsp4j.jsonrpc.Launcher
import org.eclipse.lsp4j.launch.LSPLauncher
import org.eclipse.lsp4j.services.LanguageClient
import java.io.InputStream
import java.io.OutputStream
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executors

/**
 * What a session needs of the program.
 *
 * @property environment looks up variables that a policy file refers to
 * @property pause how long a document may not change before it is looked at
 */
class EditorSettings(
    val version: String,
    val prove: ProvePolicy,
    val environment: (String) -> String?,
    val pause: Duration = Duration.ofMillis(200),
)

private const val WORKERS = 2

/** Serves one editor until it ends the session or goes away. Returns the exit status that the protocol asks for. */
fun serveEditor(input: InputStream, output: OutputStream, settings: EditorSettings): Int {
    val workers = Executors.newScheduledThreadPool(WORKERS) { Thread(it, "language-server").apply { isDaemon = true } }
    val reader = Executors.newCachedThreadPool { Thread(it, "language-server-input").apply { isDaemon = true } }
    return try {
        val client = CompletableFuture<LanguageClient>()
        val documents = OpenDocuments(PolicyFile(settings.prove, settings.environment), PolicyProgram())
        val session = EditorSession(documents, client, workers, settings.pause, settings.version)
        val launcher: Launcher<LanguageClient> = LSPLauncher.createServerLauncher(session, input, output, reader) { it }
        client.complete(launcher.remoteProxy)
        val listening = launcher.startListening()
        CompletableFuture.runAsync({ listening.get() }, reader).whenComplete { _, _ -> session.ended.complete(ENDED_UNANNOUNCED) }
        session.ended.join()
    } finally {
        workers.shutdownNow()
        reader.shutdownNow()
    }
}
