package routercluster.inference.folder

import routercluster.policy.encode.Head

/** How a vector is made of an output. */
internal enum class Pooling {
    /** The network gives one vector a text. */
    NONE,

    /** Mean over the tokens. */
    MEAN,

    /** The first token's. */
    FIRST,

    /** The last token's. */
    LAST,
}

/** What turns a head's logits to probabilities. */
internal enum class Activation {
    /** Exactly one label is right. */
    SOFTMAX,

    /** Each label is right or wrong by itself. */
    SIGMOID,
}

/** How the windows of a long text are joined. */
internal enum class Join {
    /** Mean of the probabilities, each window weighted by the tokens that it is the first to read. */
    MEAN,

    /** The window with the most probability on positive labels speaks for the text. */
    WORST,
}

internal const val LINE_MARK = '|'

/** How a text is written before it is tokenised. */
internal enum class TextForm {
    /** As it came. */
    PLAIN,

    /** As it came, but each line break is a [LINE_MARK]: tokenizers drop line breaks, and the lines of an address or a form tell its parts. */
    LINES_MARKED,

    /** See [routercluster.inference.text.readable]. */
    UNDISGUISED,

    /** Undisguised, and beside it what it hides, see [routercluster.inference.text.hiddenIn]. */
    UNCOVERED,
}

/** How a word's probabilities are made of those of its pieces. */
internal enum class Pieces {
    /** The first one's: the others were never trained. */
    FIRST,

    /** Their geometric mean. */
    ALL,
}

/**
 * A head as the network has it.
 *
 * @property head what callers are told of it
 * @property output name of the network's output
 * @property takesPair whether it reads two texts
 * @property abstainsBelow where its best label is less probable than this, it would rather not say; 0 is never
 * @property spansFrom least confidence of a span; null keeps every span of labels with B- and I-, and takes words without such labels
 *   into a span from [DEFAULT_SPANS_FROM] on
 * @property pooling for vectors
 * @property layers further outputs by layer, for vectors that leave the network early
 */
internal data class HeadSpec(
    val name: String,
    val head: Head,
    val output: String,
    val takesPair: Boolean = head.task.takesPair,
    val activation: Activation = Activation.SOFTMAX,
    val temperature: Float = 1f,
    val abstainsBelow: Float = 0f,
    val join: Join = Join.MEAN,
    val form: TextForm = TextForm.PLAIN,
    val pieces: Pieces = Pieces.FIRST,
    val spansFrom: Float? = null,
    val pooling: Pooling = Pooling.NONE,
    val layers: Map<Int, String> = emptyMap(),
) {
    companion object {
        const val DEFAULT_SPANS_FROM = 0.5f
    }
}

/**
 * What a folder says of its encoder, before the network is open.
 *
 * @property model path of the ONNX file in [files]
 * @property positions most tokens that the network can read at once, special ones included
 * @property window tokens of a window that it was made for, or null
 * @property overlap tokens that its windows should share, or null
 * @property padId the token that fills short rows
 * @property rowsDiffer whether a row's result depends on the rows beside it, so that each must run alone
 * @property headsFor its heads, once the outputs of the network are known
 */
internal class Description(
    val files: ModelFiles,
    val model: String,
    val positions: Int,
    val window: Int?,
    val overlap: Int?,
    val padId: Int,
    val rowsDiffer: Boolean,
    val headsFor: (outputs: Map<String, OutputShape>) -> List<HeadSpec>,
)

/**
 * An output of the network.
 *
 * @property perToken whether it has a vector a token, rather than one a text
 * @property width length of the vector
 */
internal data class OutputShape(val perToken: Boolean, val width: Int)
