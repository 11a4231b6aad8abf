package routercluster.policy.config

import routercluster.policy.encode.Head

/** What a policy file refers to outside itself. Asked while a policy is proven, never afterwards. */
interface PolicyFiles {
    /** The text of the file at [path], which is relative to the policy's own folder; null where it cannot be read. */
    fun text(path: String): String?

    /** The encoder in the folder at [path], which is relative to the policy's own folder. */
    fun encoder(path: String): EncoderFolder

    /** The encoder that comes with the program. */
    val bundled: EncoderFolder

    /** Nothing is there. */
    object None : PolicyFiles {
        override fun text(path: String): String? = null

        override fun encoder(path: String): EncoderFolder = EncoderFolder.Missing

        override val bundled: EncoderFolder get() = EncoderFolder.Missing
    }
}

/** What is known of an encoder's folder without opening its network. */
sealed interface EncoderFolder {
    /**
     * @property path by which it can be opened; null is the encoder of this program
     * @property heads by name
     */
    class Found(val path: String?, val heads: Map<String, Head>) : EncoderFolder

    data object Missing : EncoderFolder

    /** There, but of no use; [reason] is safe to show. */
    class Broken(val reason: String) : EncoderFolder
}
