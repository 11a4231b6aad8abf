package routercluster.languageserver

/**
 * What is open in the beginning of a value in braces or brackets, on one line.
 *
 * @param text from the first brace or bracket up to the cursor
 */
internal class YamlFlow(private val text: String) {
    /** @property under the key that it stands under in the mapping around it; null for the outermost */
    class Level(val isMapping: Boolean, val under: String?) {
        val words = mutableMapOf<String, String>()
        var key: String? = null
    }

    private val levels = mutableListOf<Level>()

    /** The first mapping, also where it is closed. */
    var outermost: Level? = null
        private set

    /** Where what is being written began. */
    var wordStart = 0
        private set

    init {
        var at = 0
        while (at < text.length) at = take(at)
        wordStart = (wordStart until text.length).firstOrNull { !text[it].isWhitespace() } ?: text.length
    }

    /** Mappings that are open, from the outermost. */
    val mappings: List<Level> get() = levels.filter { it.isMapping }

    val isInList: Boolean get() = levels.lastOrNull()?.isMapping == false

    private fun take(at: Int): Int {
        when (text[at]) {
            '"', '\'' -> return text.indexOf(text[at], at + 1).let { if (it < 0) text.length else it + 1 }
            '{', '[' -> open(text[at] == '{', at)
            '}', ']' -> close(at)
            ',' -> finish(at)
            ':' -> if (at + 1 == text.length || text[at + 1].isWhitespace()) key(at)
            else -> Unit
        }
        return at + 1
    }

    private fun open(isMapping: Boolean, at: Int) {
        val level = Level(isMapping, levels.lastOrNull { it.isMapping }?.key)
        levels += level
        if (isMapping && outermost == null) outermost = level
        wordStart = at + 1
    }

    private fun close(at: Int) {
        finish(at)
        levels.removeLastOrNull()
    }

    private fun finish(at: Int) {
        val level = levels.lastOrNull()
        val key = level?.key
        if (level != null && level.isMapping && key != null) {
            level.words[key] = unquoted(written(at))
            level.key = null
        }
        wordStart = at + 1
    }

    private fun key(at: Int) {
        levels.lastOrNull()?.takeIf { it.isMapping }?.key = unquoted(written(at))
        wordStart = at + 1
    }

    private fun written(at: Int) = text.substring(minOf(wordStart, at), at).trim()
}
