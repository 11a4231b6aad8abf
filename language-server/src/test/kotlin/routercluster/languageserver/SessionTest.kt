package routercluster.languageserver

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import org.eclipse.lsp4j.CodeActionContext
import org.eclipse.lsp4j.CodeActionParams
import org.eclipse.lsp4j.CompletionParams
import org.eclipse.lsp4j.DidChangeTextDocumentParams
import org.eclipse.lsp4j.DidCloseTextDocumentParams
import org.eclipse.lsp4j.DidOpenTextDocumentParams
import org.eclipse.lsp4j.DocumentFormattingParams
import org.eclipse.lsp4j.FormattingOptions
import org.eclipse.lsp4j.HoverParams
import org.eclipse.lsp4j.InitializeParams
import org.eclipse.lsp4j.InitializedParams
import org.eclipse.lsp4j.MessageActionItem
import org.eclipse.lsp4j.MessageParams
import org.eclipse.lsp4j.Position
import org.eclipse.lsp4j.PublishDiagnosticsParams
import org.eclipse.lsp4j.Range
import org.eclipse.lsp4j.ShowMessageRequestParams
import org.eclipse.lsp4j.TextDocumentContentChangeEvent
import org.eclipse.lsp4j.TextDocumentIdentifier
import org.eclipse.lsp4j.TextDocumentItem
import org.eclipse.lsp4j.VersionedTextDocumentIdentifier
import org.eclipse.lsp4j.launch.LSPLauncher
import org.eclipse.lsp4j.services.LanguageClient
import org.eclipse.lsp4j.services.LanguageServer
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import routercluster.policy.Policy
import routercluster.policy.config.loadPolicy
import java.io.PipedInputStream
import java.io.PipedOutputStream
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.ExecutionException
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

private const val PROGRAM = "file:///work/a%20b.dsl"
private const val POLICY = "file:///work/my%20router.yaml"
private const val PIPE_BYTES = 1 shl 16

private class Editor : LanguageClient {
    val published = LinkedBlockingQueue<PublishDiagnosticsParams>()

    override fun publishDiagnostics(diagnostics: PublishDiagnosticsParams) {
        published += diagnostics
    }

    fun next(): PublishDiagnosticsParams = checkNotNull(published.poll(20, TimeUnit.SECONDS)) { "nothing was published" }

    override fun telemetryEvent(event: Any?) = Unit

    override fun showMessage(message: MessageParams) = Unit

    override fun showMessageRequest(request: ShowMessageRequestParams): CompletableFuture<MessageActionItem> =
        CompletableFuture.completedFuture(null)

    override fun logMessage(message: MessageParams) = error("not expected: $message")
}

/** Both ends speak the protocol, over pipes in place of standard input and output. */
@Timeout(60)
class SessionTest {
    private val toServer = PipedOutputStream()
    private val fromServer = PipedInputStream(PIPE_BYTES)
    private val editor = Editor()
    private val proven = CopyOnWriteArrayList<String>()
    private val status: CompletableFuture<Int>
    private val server: LanguageServer

    init {
        val input = PipedInputStream(toServer, PIPE_BYTES)
        val output = PipedOutputStream(fromServer)
        val settings = EditorSettings("1", ::prove, { null }, Duration.ofMillis(5))
        status = CompletableFuture.supplyAsync { serveEditor(input, output, settings) }
        val launcher = LSPLauncher.createClientLauncher(editor, fromServer, toServer)
        launcher.startListening()
        server = launcher.remoteProxy
    }

    @AfterEach
    fun close() = toServer.close()

    private fun open(uri: String, text: String) =
        server.textDocumentService.didOpen(DidOpenTextDocumentParams(TextDocumentItem(uri, "", 1, text)))

    private fun change(uri: String, version: Int, text: String) {
        val whole = listOf(TextDocumentContentChangeEvent(text))
        server.textDocumentService.didChange(DidChangeTextDocumentParams(VersionedTextDocumentIdentifier(uri, version), whole))
    }

    private fun prove(text: String, file: String, environment: (String) -> String?): Policy {
        proven += file
        return loadPolicy(text, file, environment)
    }

    private fun begin() {
        val able = server.initialize(InitializeParams()).get().capabilities
        able.positionEncoding shouldBe "utf-16"
        server.initialized(InitializedParams())
    }

    @Test
    fun `a session from its beginning to its end`() {
        begin()
        open(PROGRAM, "SIGNAL keyword code { }\nROUTE r { WHEN keyword(\"😀\") OR keyword(\"cod\") }")
        val first = editor.next()
        (first.uri to first.version) shouldBe (PROGRAM to 1)
        first.diagnostics.map { it.range } shouldBe
            listOf(Range(Position(1, 23), Position(1, 27)), Range(Position(1, 40), Position(1, 45)))
        val document = TextDocumentIdentifier(PROGRAM)
        val texts = server.textDocumentService
        val asked = CodeActionParams(document, Range(Position(1, 42), Position(1, 42)), CodeActionContext(emptyList()))
        val action = texts
            .codeAction(asked)
            .get()
            .single()
            .right
        action.edit.changes
            .getValue(PROGRAM)
            .single()
            .newText shouldBe "\"code\""
        val labels = texts
            .completion(CompletionParams(document, Position(1, 24)))
            .get()
            .left
            .map { it.label }
        labels shouldBe listOf("code")
        texts
            .hover(HoverParams(document, Position(0, 2)))
            .get()
            .contents.right.value shouldStartWith "SIGNAL: "
        val edit = texts.formatting(DocumentFormattingParams(document, FormattingOptions(2, true))).get().single()
        edit.newText shouldStartWith "SIGNAL keyword code {}\n\nROUTE r {\n  WHEN"

        change(PROGRAM, 2, "ROUTE r { }")
        editor.next().let { it.version to it.diagnostics } shouldBe (2 to emptyList())
        texts.didClose(DidCloseTextDocumentParams(document))
        editor.next().version shouldBe null
        texts.hover(HoverParams(document, Position(0, 2))).get() shouldBe null

        server.shutdown().get()
        val refused = shouldThrow<ExecutionException> { texts.hover(HoverParams(document, Position(0, 2))).get() }
        refused.message.orEmpty() shouldContain "only exit may follow"
        server.exit()
        status.get() shouldBe 0
    }

    @Test
    fun `policy files and other YAML`() {
        begin()
        val models = "providers: {models: [{name: m, backend_refs: [{endpoint: \"127.0.0.1:80\"}]}]}"
        open(POLICY, "version: v0.3\n$models\nrouting: {strateg: priority}")
        val problem = editor.next().diagnostics.single()
        problem.range shouldBe Range(Position(2, 10), Position(2, 17))
        proven.first() shouldBe "/work/my router.yaml"
        problem.message.left shouldContain "did you mean strategy?"
        change(POLICY, 2, "kind: Pod\nspec: {}")
        editor.next().diagnostics.shouldBeEmpty()
        open("file:///work/notes.txt", "nothing")
        server.textDocumentService
            .completion(
                CompletionParams(TextDocumentIdentifier("file:///work/notes.txt"), Position(0, 0)),
            ).get()
            .left shouldBe
            emptyList()
    }

    @Test
    fun `a document that is too large is not looked at`() {
        begin()
        open(POLICY, "#".repeat(DOCUMENT_CHARS_MAX + 1))
        editor
            .next()
            .diagnostics
            .single()
            .message.left shouldContain "is larger than"
    }

    @Test
    fun `only the last of many changes is looked at`() {
        begin()
        open(PROGRAM, "ROUTE r { }")
        (2..LAST).forEach { change(PROGRAM, it, "ROUTE r$it { }") }
        val versions = generateSequence { editor.next().version }.takeWhile { it != LAST }.toList()
        versions shouldBe versions.sorted()
    }

    @Test
    fun `an editor that goes away ends the session`() {
        begin()
        toServer.close()
        status.get() shouldBe ENDED_UNANNOUNCED
    }

    @Test
    fun `exit without shutdown is a failure`() {
        server.exit()
        status.get() shouldBe ENDED_UNANNOUNCED
    }

    private companion object {
        const val LAST = 200
    }
}
