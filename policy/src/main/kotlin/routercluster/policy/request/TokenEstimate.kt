package routercluster.policy.request

/** Estimates prompt tokens. */
object TokenEstimate {
    fun of(messages: List<Message>, toolCount: Int): Int = messages.sumOf { it.text.length } / 3 + toolCount * 64
}
