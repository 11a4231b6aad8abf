package routercluster.inference.text

/**
 * A stretch of one text's tokens inside a window.
 *
 * @property from first token of the text
 * @property until the token after the last
 * @property fresh how many of them no earlier window has read
 */
internal data class Stretch(val from: Int, val until: Int, val fresh: Int) {
    val size: Int get() = until - from
}

/**
 * One row that the network reads.
 *
 * @property ids tokens, special ones included
 * @property types token types, one per id
 * @property first what it holds of the first text, which begins at [firstAt]
 * @property second what it holds of the second text, which begins at [secondAt]; null where there is one text
 */
internal class Window(
    val ids: IntArray,
    val types: ByteArray,
    val first: Stretch,
    val firstAt: Int,
    val second: Stretch?,
    val secondAt: Int,
) {
    val size: Int get() = ids.size
}

/**
 * Covers [count] tokens with stretches of [room] tokens that overlap by [overlap]. The last one ends with the text and is as long as the
 * others, so that rows of one text have one length. There is always one, be it empty.
 */
internal fun stretches(count: Int, room: Int, overlap: Int): List<Stretch> {
    if (count <= room) return listOf(Stretch(0, count, count))
    val stride = maxOf(1, room - overlap)
    val all = ArrayList<Stretch>()
    var read = 0
    while (read < count) {
        val from = minOf(all.size * stride, count - room)
        all += Stretch(from, from + room, from + room - read)
        read = from + room
    }
    return all
}

/**
 * How windows are laid over texts.
 *
 * @param size tokens of a window over one text, special ones included; [pairSize] over two
 * @param max most windows of a text, or of two
 */
internal class WindowPlan(private val size: Int, private val pairSize: Int, private val overlap: Int, private val max: Int) {
    /** Most tokens of one text that [max] windows can hold. */
    fun tokensMax(frame: Frame): Int = roomOf(frame).let { room -> room + (max - 1) * maxOf(1, room - overlap) }

    /** Windows over one text. */
    fun lay(tokens: Tokens, frame: Frame): List<Window> =
        stretches(tokens.ids.size, roomOf(frame), overlap).map { window(frame, tokens, it, null, null) }

    /**
     * How two texts of [first] and [second] tokens share windows: every stretch of one beside every stretch of the other. A text that
     * fits into half the room stays whole. Where that makes more than [max] windows, both texts end earlier.
     */
    fun share(first: Int, second: Int, frame: Frame): Shares {
        val room = roomOf(frame)
        val firstRoom = minOf(first, maxOf(room / 2, room - second))
        val secondRoom = room - firstRoom
        val firsts = stretches(first, firstRoom, minOf(overlap, firstRoom / 2)).take(max)
        val seconds = stretches(second, secondRoom, minOf(overlap, secondRoom / 2)).take(maxOf(1, max / firsts.size))
        return Shares(firsts, seconds)
    }

    fun lay(first: Tokens, second: Tokens, shares: Shares, frame: Frame): List<Window> =
        shares.seconds.flatMap { b -> shares.firsts.map { a -> window(frame, first, a, second, b) } }

    private fun roomOf(frame: Frame): Int = maxOf(1, (if (frame.isPair) pairSize else size) - frame.size)
}

/** The stretches of two texts that are read beside each other. */
internal class Shares(val firsts: List<Stretch>, val seconds: List<Stretch>)

private fun window(frame: Frame, first: Tokens, a: Stretch, second: Tokens?, b: Stretch?): Window {
    val size = frame.size + a.size + (b?.size ?: 0)
    val ids = IntArray(size)
    val types = ByteArray(size)
    frame.before.copyInto(ids)
    val firstAt = frame.before.size
    first.ids.copyInto(ids, firstAt, a.from, a.until)
    types.fill(frame.types.first, 0, firstAt + a.size)
    val gap = firstAt + a.size
    val secondAt = gap + frame.between.size
    if (second != null && b != null) {
        frame.between.copyInto(ids, gap)
        frame.types.between.copyInto(types, gap)
        second.ids.copyInto(ids, secondAt, b.from, b.until)
        types.fill(frame.types.second, secondAt, secondAt + b.size)
    }
    val end = size - frame.after.size
    frame.after.copyInto(ids, end)
    frame.types.after.copyInto(types, end)
    return Window(ids, types, a, firstAt, b, secondAt)
}

/** A row of three tokens, of which every vocabulary has the number. */
internal fun trialWindow(): Window = Window(intArrayOf(0, 1, 2), ByteArray(3), Stretch(0, 1, 1), firstAt = 1, second = null, secondAt = 2)
