package routercluster.policy.outcomes

import java.util.concurrent.CompletionStage

/** Takes statements on requests from operators' tools. */
fun interface StatementIntake {
    /**
     * Completes when it is settled what becomes of the statement; never fails.
     *
     * @param line as the API for outcomes takes it, one JSON object
     */
    fun take(line: ByteArray): CompletionStage<Taken>
}

/** What became of a statement. */
enum class Taken {
    /** It is durable, now or before. */
    KEPT,

    /** It never will be: it is wrong, speaks of no known request, or has no weight left. */
    REFUSED,

    /** It may be lost; sent again it counts once. */
    AWAY,
}
