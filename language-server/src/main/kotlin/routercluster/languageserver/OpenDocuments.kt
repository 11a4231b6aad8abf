package routercluster.languageserver

import routercluster.policy.dsl.PROGRAM_CHARS_MAX
import routercluster.policy.dsl.SourceText
import routercluster.policy.dsl.Span
import java.net.URI
import java.net.URISyntaxException
import java.nio.file.FileSystemNotFoundException
import java.nio.file.Path
import java.util.concurrent.ConcurrentHashMap

/** A text that an editor shows. A change makes another one. */
internal class Document(val uri: String, val version: Int, val language: Language, val source: SourceText) {
    /** Worked out once, for the margin and for the fixes. */
    val remarks: List<Remark> by lazy { language.remarks(source) }
}

/** Characters of a document that is looked at: as many as the router reads. */
internal const val DOCUMENT_CHARS_MAX = PROGRAM_CHARS_MAX

/** Documents that are looked at while they are open. */
internal const val DOCUMENTS_MAX = 256

/** The documents that an editor has open. */
internal class OpenDocuments(private val policyFile: Language, private val policyProgram: Language) {
    private val open = ConcurrentHashMap<String, Document>()
    private val languages = ConcurrentHashMap<String, Language>()

    operator fun get(uri: String): Document? = open[uri]

    fun isCurrent(document: Document): Boolean = open[document.uri] === document

    /** @return null where documents of [languageId] are none of ours */
    fun open(uri: String, languageId: String, version: Int, text: String): Document? {
        val language = if (languages.size < DOCUMENTS_MAX) languageOf(uri, languageId) else null
        language?.let { languages[uri] = it }
        return change(uri, version, text)
    }

    /** @return null where the document was not taken when it was opened */
    fun change(uri: String, version: Int, text: String): Document? {
        val isTooLarge = text.length > DOCUMENT_CHARS_MAX
        val language = languages[uri]?.let { if (isTooLarge) TooLarge else it } ?: return null
        return Document(uri, version, language, SourceText(fileOf(uri), if (isTooLarge) "" else text)).also { open[uri] = it }
    }

    fun close(uri: String) {
        open.remove(uri)
        languages.remove(uri)
    }

    private fun languageOf(uri: String, languageId: String): Language? =
        when {
            languageId == PROGRAM_ID || uri.endsWith(".dsl") -> policyProgram
            languageId == "yaml" || uri.endsWith(".yaml") || uri.endsWith(".yml") -> policyFile
            else -> null
        }

    private companion object {
        /** What editors are told to call the policy language. */
        const val PROGRAM_ID = "router-dsl"
    }
}

/** The path of a document, beside which the files lie that it refers to; what has none is called by its URI. */
private fun fileOf(uri: String): String =
    try {
        "${Path.of(URI(uri))}"
    } catch (_: URISyntaxException) {
        uri
    } catch (_: IllegalArgumentException) {
        uri
    } catch (_: FileSystemNotFoundException) {
        uri
    }

private object TooLarge : Language {
    override fun remarks(source: SourceText) =
        listOf(Remark(Span(0, 0), Severity.WARNING, "is larger than $DOCUMENT_CHARS_MAX characters, so nobody looked at it"))

    override fun suggestions(source: SourceText, offset: Int): List<Suggestion> = emptyList()

    override fun explanation(source: SourceText, offset: Int): Explanation? = null

    override fun formatted(source: SourceText): String? = null
}
