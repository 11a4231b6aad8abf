package routercluster.inference.text

/**
 * The special tokens that a network expects around its texts, read off the tokenizer's own output for a sample.
 *
 * @property isPair whether it is around two texts
 * @property before ahead of the first text
 * @property between after the first text where there are two; empty for one
 * @property after behind the last text
 * @property types token types of each of these and of both texts: before, first, between, second, after
 */
internal class Frame(val isPair: Boolean, val before: IntArray, val between: IntArray, val after: IntArray, val types: FrameTypes) {
    val size: Int get() = before.size + between.size + after.size
    val special: List<Int> get() = (before + between + after).toList()
}

/** Token types of the parts of a [Frame] and of the texts in it. */
internal class FrameTypes(val first: Byte, val second: Byte, val between: ByteArray, val after: ByteArray)

/** @param sequences which text a token is of; -1 for special ones */
internal fun frameOf(ids: LongArray, types: LongArray, special: LongArray, sequences: LongArray): Frame {
    fun ids(range: IntRange) = IntArray(range.count()) { ids[range.first + it].toInt() }

    fun types(range: IntRange) = ByteArray(range.count()) { types[range.first + it].toByte() }

    val texts = ids.indices.filter { special[it] == 0L }
    val firsts = texts.filter { sequences[it] <= 0L }
    val seconds = texts.filter { sequences[it] > 0L }
    val first = firsts.first()..firsts.last()
    val last = if (seconds.isEmpty()) first else seconds.first()..seconds.last()
    val between = if (seconds.isEmpty()) IntRange.EMPTY else first.last + 1 until last.first
    val after = last.last + 1 until ids.size
    return Frame(
        isPair = seconds.isNotEmpty(),
        before = ids(0 until first.first),
        between = ids(between),
        after = ids(after),
        types = FrameTypes(types[first.first].toByte(), types[last.first].toByte(), types(between), types(after)),
    )
}
