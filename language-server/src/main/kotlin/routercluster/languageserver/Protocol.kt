package routercluster.languageserver

import org.eclipse.lsp4j.CodeAction
import org.eclipse.lsp4j.CodeActionKind
import org.eclipse.lsp4j.CompletionItem
import org.eclipse.lsp4j.CompletionItemKind
import org.eclipse.lsp4j.Diagnostic
import org.eclipse.lsp4j.DiagnosticSeverity
import org.eclipse.lsp4j.Hover
import org.eclipse.lsp4j.InsertTextMode
import org.eclipse.lsp4j.MarkupContent
import org.eclipse.lsp4j.MarkupKind
import org.eclipse.lsp4j.Position
import org.eclipse.lsp4j.Range
import org.eclipse.lsp4j.TextEdit
import org.eclipse.lsp4j.WorkspaceEdit
import org.eclipse.lsp4j.jsonrpc.messages.Either
import routercluster.policy.dsl.SourceText
import routercluster.policy.dsl.Span

// What is said of a document, in the protocol's words. Both count columns in UTF-16 units, the protocol from zero.

internal fun SourceText.offset(position: Position): Int = offset(position.line + 1, position.character + 1)

internal fun SourceText.range(span: Span): Range = Range(position(span.start), position(span.end))

private fun SourceText.position(offset: Int) = Position(line(offset) - 1, column(offset) - 1)

internal fun SourceText.span(range: Range): Span = Span(offset(range.start), offset(range.end))

internal fun Remark.toProtocol(source: SourceText): Diagnostic = Diagnostic(source.range(span), message, severity.toProtocol(), "router")

private fun Severity.toProtocol(): DiagnosticSeverity =
    when (this) {
        Severity.ERROR -> DiagnosticSeverity.Error
        Severity.WARNING -> DiagnosticSeverity.Warning
        Severity.INFORMATION -> DiagnosticSeverity.Information
    }

/** The changes that would make this go away. */
internal fun Remark.toActions(source: SourceText, uri: String): List<CodeAction> =
    fixes.map { fix ->
        CodeAction(fix.title).also {
            it.kind = CodeActionKind.QuickFix
            it.diagnostics = listOf(toProtocol(source))
            it.edit = WorkspaceEdit(mapOf(uri to listOf(TextEdit(source.range(fix.span), fix.replacement))))
        }
    }

/** Suggestions in the order in which they are to be shown. */
internal fun List<Suggestion>.toProtocol(source: SourceText): List<CompletionItem> =
    mapIndexed { index, suggestion ->
        CompletionItem(suggestion.label).also {
            it.kind = suggestion.sort.toProtocol()
            it.detail = suggestion.detail.ifEmpty { null }
            it.sortText = "$index".padStart(SORT_DIGITS, '0')
            // Editors compare it with what stands there already, a quote among it.
            it.filterText = suggestion.text.takeIf { text -> text.startsWith('"') }
            it.insertTextMode = InsertTextMode.AsIs
            it.textEdit = Either.forLeft(TextEdit(source.range(suggestion.span), suggestion.text))
        }
    }

private const val SORT_DIGITS = 5

private fun Suggestion.Sort.toProtocol(): CompletionItemKind =
    when (this) {
        Suggestion.Sort.KEYWORD -> CompletionItemKind.Keyword
        Suggestion.Sort.KEY -> CompletionItemKind.Property
        Suggestion.Sort.WORD -> CompletionItemKind.EnumMember
        Suggestion.Sort.NAME -> CompletionItemKind.Reference
    }

internal fun Explanation.toProtocol(source: SourceText): Hover = Hover(MarkupContent(MarkupKind.PLAINTEXT, text), source.range(span))
