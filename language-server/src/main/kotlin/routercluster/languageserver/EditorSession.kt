package routercluster.languageserver

import org.eclipse.lsp4j.CodeAction
import org.eclipse.lsp4j.CodeActionKind
import org.eclipse.lsp4j.CodeActionOptions
import org.eclipse.lsp4j.CodeActionParams
import org.eclipse.lsp4j.Command
import org.eclipse.lsp4j.CompletionItem
import org.eclipse.lsp4j.CompletionList
import org.eclipse.lsp4j.CompletionOptions
import org.eclipse.lsp4j.CompletionParams
import org.eclipse.lsp4j.DidChangeConfigurationParams
import org.eclipse.lsp4j.DidChangeTextDocumentParams
import org.eclipse.lsp4j.DidChangeWatchedFilesParams
import org.eclipse.lsp4j.DidCloseTextDocumentParams
import org.eclipse.lsp4j.DidOpenTextDocumentParams
import org.eclipse.lsp4j.DidSaveTextDocumentParams
import org.eclipse.lsp4j.DocumentFormattingParams
import org.eclipse.lsp4j.Hover
import org.eclipse.lsp4j.HoverParams
import org.eclipse.lsp4j.InitializeParams
import org.eclipse.lsp4j.InitializeResult
import org.eclipse.lsp4j.MessageParams
import org.eclipse.lsp4j.MessageType
import org.eclipse.lsp4j.PositionEncodingKind
import org.eclipse.lsp4j.PublishDiagnosticsParams
import org.eclipse.lsp4j.ServerCapabilities
import org.eclipse.lsp4j.ServerInfo
import org.eclipse.lsp4j.TextDocumentSyncKind
import org.eclipse.lsp4j.TextEdit
import org.eclipse.lsp4j.jsonrpc.CompletableFutures
import org.eclipse.lsp4j.jsonrpc.ResponseErrorException
import org.eclipse.lsp4j.jsonrpc.messages.Either
import org.eclipse.lsp4j.jsonrpc.messages.ResponseError
import org.eclipse.lsp4j.jsonrpc.messages.ResponseErrorCode
import org.eclipse.lsp4j.services.LanguageClient
import org.eclipse.lsp4j.services.LanguageServer
import org.eclipse.lsp4j.services.TextDocumentService
import org.eclipse.lsp4j.services.WorkspaceService
import routercluster.policy.dsl.Span
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.Future
import java.util.concurrent.ScheduledExecutorService
import java.util.concurrent.TimeUnit

/**
 * One editor's session: hands what it asks to the language of the document.
 *
 * @param client gets remarks; it is there once both ends are connected
 * @param workers run what is asked, and what waits for the writer to pause
 * @param pause how long nothing may change before a document is looked at
 */
internal class EditorSession(
    private val documents: OpenDocuments,
    private val client: CompletionStage<LanguageClient>,
    private val workers: ScheduledExecutorService,
    private val pause: Duration,
    private val version: String,
) : LanguageServer,
    TextDocumentService,
    WorkspaceService {
    private val waiting = ConcurrentHashMap<String, Future<*>>()

    @Volatile
    private var isShutDown = false

    /** Exit status that the protocol asks for: 0 where the end was announced. */
    val ended = CompletableFuture<Int>()

    override fun initialize(params: InitializeParams): CompletableFuture<InitializeResult> {
        val able = ServerCapabilities()
        able.positionEncoding = PositionEncodingKind.UTF16
        able.setTextDocumentSync(TextDocumentSyncKind.Full)
        able.completionProvider = CompletionOptions(false, listOf("(", "\"", "[", ",", " "))
        able.setHoverProvider(true)
        able.setDocumentFormattingProvider(true)
        able.setCodeActionProvider(CodeActionOptions(listOf(CodeActionKind.QuickFix)))
        return CompletableFuture.completedFuture(InitializeResult(able, ServerInfo("router language-server", version)))
    }

    override fun shutdown(): CompletableFuture<Any?> {
        isShutDown = true
        return CompletableFuture.completedFuture(null)
    }

    override fun exit() {
        ended.complete(if (isShutDown) 0 else ENDED_UNANNOUNCED)
    }

    override fun getTextDocumentService(): TextDocumentService = this

    override fun getWorkspaceService(): WorkspaceService = this

    override fun didOpen(params: DidOpenTextDocumentParams) {
        val opened = params.textDocument
        lookSoon(documents.open(opened.uri, opened.languageId.orEmpty(), opened.version, opened.text))
    }

    override fun didChange(params: DidChangeTextDocumentParams) {
        val changed = params.textDocument
        val text = params.contentChanges.lastOrNull()?.text ?: return
        lookSoon(documents.change(changed.uri, changed.version ?: 0, text))
    }

    override fun didClose(params: DidCloseTextDocumentParams) {
        val uri = params.textDocument.uri
        waiting.remove(uri)?.cancel(false)
        documents.close(uri)
        client.thenAccept { it.publishDiagnostics(PublishDiagnosticsParams(uri, emptyList())) }
    }

    /** Files beside it may have changed too. */
    override fun didSave(params: DidSaveTextDocumentParams) {
        val saved = documents[params.textDocument.uri] ?: return
        lookSoon(documents.change(saved.uri, saved.version, saved.source.text))
    }

    private fun lookSoon(document: Document?) {
        if (document == null || isShutDown) return
        val look = workers.schedule({ look(document) }, pause.toMillis(), TimeUnit.MILLISECONDS)
        waiting.put(document.uri, look)?.cancel(false)
    }

    /** What took too long to find, so that the document has changed meanwhile, is not told. */
    private fun look(document: Document) {
        if (!documents.isCurrent(document)) return
        try {
            val remarks = document.remarks.map { it.toProtocol(document.source) }
            if (documents.isCurrent(document)) {
                client.thenAccept { it.publishDiagnostics(PublishDiagnosticsParams(document.uri, remarks, document.version)) }
            }
        } catch (failure: RuntimeException) {
            val message = MessageParams(MessageType.Error, "${document.source.file}: cannot be looked at: $failure")
            client.thenAccept { it.logMessage(message) }
        }
    }

    private fun <T> answer(uri: String, nothing: T, work: (Document) -> T): CompletableFuture<T> {
        if (isShutDown) {
            val error = ResponseError(ResponseErrorCode.InvalidRequest, "the session is shut down; only exit may follow", null)
            return CompletableFuture.failedFuture(ResponseErrorException(error))
        }
        val document = documents[uri] ?: return CompletableFuture.completedFuture(nothing)
        return CompletableFutures.computeAsync(workers) { asked ->
            asked.checkCanceled()
            work(document)
        }
    }

    override fun completion(params: CompletionParams): CompletableFuture<Either<List<CompletionItem>, CompletionList>> =
        answer(params.textDocument.uri, Either.forLeft(emptyList())) {
            val suggestions = it.language.suggestions(it.source, it.source.offset(params.position))
            Either.forLeft(suggestions.toProtocol(it.source))
        }

    override fun hover(params: HoverParams): CompletableFuture<Hover?> =
        answer<Hover?>(params.textDocument.uri, null) {
            it.language.explanation(it.source, it.source.offset(params.position))?.toProtocol(it.source)
        }

    override fun formatting(params: DocumentFormattingParams): CompletableFuture<List<TextEdit>> =
        answer(params.textDocument.uri, emptyList()) { document ->
            val source = document.source
            val laidOut = document.language.formatted(source)?.takeIf { it != source.text }
            listOfNotNull(laidOut?.let { TextEdit(source.range(Span(0, source.text.length)), it) })
        }

    override fun codeAction(params: CodeActionParams): CompletableFuture<List<Either<Command, CodeAction>>> =
        answer(params.textDocument.uri, emptyList()) { document ->
            val asked = document.source.span(params.range)
            val kinds = params.context.only
            val near = document.remarks.filter { it.span.start <= asked.end && asked.start <= it.span.end }
            val actions = near.flatMap { it.toActions(document.source, document.uri) }
            actions.filter { kinds == null || CodeActionKind.QuickFix in kinds }.map { Either.forRight(it) }
        }

    /** Nothing is set from the editor. */
    override fun didChangeConfiguration(params: DidChangeConfigurationParams) = Unit

    /** Files are read when a document is looked at. */
    override fun didChangeWatchedFiles(params: DidChangeWatchedFilesParams) = Unit
}

/** Exit status of a session that broke off. */
internal const val ENDED_UNANNOUNCED = 1
