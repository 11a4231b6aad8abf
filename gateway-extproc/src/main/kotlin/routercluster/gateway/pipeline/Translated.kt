package routercluster.gateway.pipeline

import routercluster.policy.conversations.Turn

/**
 * A request of another API that is routed as a chat completion.
 *
 * @property path where an upstream is asked that speaks the other API itself
 * @property hidden fields of the chat completion that signals may read and no upstream is to see
 * @property turns of the conversation that it goes on with, the oldest first
 * @property hasProviderState whether it, or one of them, holds what one provider alone can read
 * @property native the body for such an upstream, of the chat completion as the policy edited it for it
 */
class Translated(
    val path: String,
    val hidden: Set<String>,
    val turns: List<Turn> = emptyList(),
    val hasProviderState: Boolean = false,
    private val native: (edited: ByteArray) -> ByteArray,
) {
    fun body(edited: ByteArray): ByteArray = native(edited)
}
