package routercluster.policy.language

/** What is to be done with requests. Models and requests are still words. */
internal sealed interface Act {
    class Send(val model: String) : Act

    data object KeepLocal : Act

    /** @property text what the client is told; null leaves the words to us */
    class Block(val text: String?) : Act

    class Prompt(val text: String) : Act
}

/** @property what the requests that [act] is for */
internal class Wish(val what: String, val act: Act)

/** A way to say a wish: [make] gets what the groups of [pattern] hold. */
private class Phrase(pattern: String, val make: (MatchGroupCollection) -> Wish) {
    val pattern = Regex("(?:please )?(?:$pattern)", setOf(RegexOption.IGNORE_CASE, RegexOption.DOT_MATCHES_ALL))
}

private const val SEND = "send|route|forward|direct|give|pass|move|hand"
private const val GO = "(?:should |must |shall |always )*(?:go|goes|be sent|be routed|are sent|is sent|are routed|is routed)"
private const val LOCALLY = "(?:local(?:ly)?|on[- ]prem(?:ises)?|in[- ]house)"
private const val BLOCK = "block|refuse|reject|deny|forbid"
private const val SAYING = "(?:with|and say|saying|by saying|and answer)(?: the (?:message|text|words))?"
private const val EVERYTHING = "everything else"

/** Text in quotes. */
private fun quoted(group: String) = "[$QUOTES](?<$group>[^$QUOTES]+)[$QUOTES]"

private fun MatchGroupCollection.text(name: String): String = checkNotNull(this[name]).value.trim()

private fun send(groups: MatchGroupCollection) = Wish(groups.text("what"), Act.Send(groups.text("model")))

private fun default(groups: MatchGroupCollection) = Wish(EVERYTHING, Act.Send(groups.text("model")))

private fun local(groups: MatchGroupCollection) = Wish(groups.text("what"), Act.KeepLocal)

private fun prompt(groups: MatchGroupCollection) = Wish(groups.text("what"), Act.Prompt(groups.text("text")))

/** The first that fits counts, so the narrower ones come first. */
private val phrases: List<Phrase> =
    listOf(
        Phrase("for (?<what>.+?),? (?:add|use|set|put in) (?:the |a )?system prompt:? ${quoted("text")}", ::prompt),
        Phrase("(?:add|use|set|put in) (?:the |a )?system prompt:? ${quoted("text")} (?:for|to|on|with) (?<what>.+)", ::prompt),
        Phrase("for (?<what>.+?),? tell the model:? (?:to )?${quoted("text")}", ::prompt),
        Phrase("tell the model:? (?:to )?${quoted("text")} (?:for|on|with) (?<what>.+)", ::prompt),
        Phrase("keep (?<what>.+?) $LOCALLY", ::local),
        Phrase("(?<what>.+?) (?:should |must |has to |have to )?(?:stay|stays|be kept|is kept|are kept) $LOCALLY", ::local),
        Phrase("(?<what>.+?) (?:must |may |should )?(?:never|not) leaves? (?:the )?(?:house|premises|building|network|machine)", ::local),
        Phrase(
            "(?:$BLOCK) (?<what>.+?)(?:,? $SAYING:? ${quoted("text")})?",
        ) { Wish(it.text("what"), Act.Block(it["text"]?.value?.trim())) },
        Phrase("(?:the )?default(?: model)?(?: is| should be| must be|:)? (?<model>.+)", ::default),
        Phrase("use (?<model>.+?) (?:by default|otherwise|as (?:the )?default(?: model)?)", ::default),
        Phrase("(?:otherwise|by default),? (?:use|prefer) (?<model>.+)", ::default),
        Phrase("(?:$SEND) (?<what>.+) to (?<model>.+)", ::send),
        Phrase("(?<what>.+?) $GO to (?<model>.+)", ::send),
        Phrase("for (?<what>.+?),? use (?<model>.+)", ::send),
        Phrase("use (?<model>.+?) (?:for|on|when) (?<what>.+)", ::send),
        Phrase("(?:let )(?<model>.+?) (?:handle|answer|serve|take|do) (?<what>.+)", ::send),
        Phrase("(?:everything|anything|all)(?: else| others?| the rest)? to (?<model>.+)", ::default),
        Phrase("(?:always )?(?:use|prefer) (?<model>.+)", ::default),
    )

/** The wish that [clause] is, by its form alone; null for none that is known. */
internal fun wishIn(clause: String): Wish? =
    phrases.firstNotNullOfOrNull { phrase -> phrase.pattern.matchEntire(clause.trim())?.let { phrase.make(it.groups) } }

private val denial =
    Regex("""\b(?:not|no|without|except|unless|excluding|other than|nor|none|don't|doesn't|isn't|aren't)\b""", RegexOption.IGNORE_CASE)

/** The word of [what] that turns its meaning around; templates would miss it and do the opposite. */
internal fun denialIn(what: String): String? = denial.find(what)?.value
