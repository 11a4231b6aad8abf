package routercluster.policy.cache

/**
 * Recognises questions whose answer changes with time: news, prices, weather, what runs now, today's date. Their answers are not kept. It
 * goes by words of English, German, French, Spanish, Portuguese and Italian, and by recent years; a question of this kind in other words is
 * taken for a lasting one, so categories that live on such questions are better given a short life of their own.
 */
object TimeSensitive {
    /** The first mark that [text] changes with time; null where there is none. In lower case, for explanations: one of a fixed list. */
    fun mark(text: String, yearNow: Int): String? {
        val read = if (text.length > Wording.LENGTH_MAX) text.substring(0, Wording.LENGTH_MAX) else text
        marks.find(read)?.let { return it.value.lowercase() }
        return years.findAll(read).firstOrNull { it.value.toInt() >= yearNow }?.value
    }

    private val marks = listOf(
        "today",
        "tonight",
        "tomorrow",
        "yesterday",
        "right now",
        "at the moment",
        "currently",
        "current",
        "nowadays",
        "these days",
        "latest",
        "newest",
        "most recent",
        "recently",
        "breaking",
        "this (?:week|month|year|morning|evening|afternoon)",
        "(?:next|last) (?:week|month|year|night)",
        "so far",
        "up to date",
        "real[- ]time",
        "live score",
        "weather",
        "forecast",
        "stock price",
        "share price",
        "exchange rate",
        "what time is it",
        "what day is it",
        "news",
        "trending",
        "heute",
        "morgen früh",
        "gestern",
        "aktuell(?:e|er|en|es)?",
        "derzeit",
        "neueste[nrs]?",
        "wetter",
        "nachrichten",
        "aujourd'hui",
        "demain",
        "hier soir",
        "actuel(?:le|lement)?",
        "dernières nouvelles",
        "météo",
        "hoy",
        "mañana por",
        "ayer",
        "actual(?:mente)?",
        "últimas noticias",
        "pronóstico",
        "hoje",
        "amanhã",
        "ontem",
        "atualmente",
        "oggi",
        "domani",
        "ieri",
        "attualmente",
    ).joinToString("|", "(?<![\\p{L}\\p{N}])(?:", ")(?![\\p{L}\\p{N}])").toRegex(RegexOption.IGNORE_CASE)
    private val years = Regex("""(?<!\d)2\d{3}(?!\d)""")
}
