package routercluster.policy.signals

/**
 * The [signals] of a recipe, those that search the text doing so together: by one index for all phrases, and one for each kind of
 * similarity. A request works out what an index finds at the first signal that asks for it.
 */
internal fun sharingSearches(signals: List<Signal?>): List<Signal?> = sharingPhrases(sharingSimilarity(signals))

private fun sharingSimilarity(signals: List<Signal?>): List<Signal?> {
    val searches = signals.mapNotNull { (it as? KeywordSignal)?.search }
    val shared: Map<out KeywordSearch, KeywordSearch> =
        NgramSearch.sharing(searches.filterIsInstance<NgramSearch>()) + FuzzySearch.sharing(searches.filterIsInstance<FuzzySearch>())
    return signals.map { signal -> (signal as? KeywordSignal)?.let { shared[it.search] }?.let(signal::searching) ?: signal }
}

private fun sharingPhrases(signals: List<Signal?>): List<Signal?> {
    val readers = signals.filterIsInstance<PhraseReader>()
    if (readers.isEmpty()) return signals
    val index = PhraseIndex(readers.map { it.phrases }, readers.map { it.groups })
    // All before the first signal, so that nothing lies between signals in memory, which are gone through one by one.
    val lookouts = readers.indices.map { Lookout(index, it) }.iterator()
    return signals.map { if (it is PhraseReader) it.by(lookouts.next()) else it }
}
