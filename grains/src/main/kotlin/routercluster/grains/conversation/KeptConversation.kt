package routercluster.grains.conversation

import routercluster.grains.state.StateCodec
import routercluster.policy.conversations.Conversation
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Item
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import routercluster.policy.conversations.Use
import java.time.Instant

/** A conversation as it is kept and as it travels. Times in nanoseconds since 1970. */
data class KeptConversation(
    val tenant: String,
    val id: String,
    val revision: Long,
    val createdAtNanos: Long,
    val metadata: Map<String, String>,
    val items: List<KeptItem>,
    val turns: List<KeptTurn>,
    val dropped: Int,
    val use: KeptUse,
)

data class KeptItem(val id: String, val json: String)

/** @property status a name of [TurnStatus] */
data class KeptTurn(
    val id: String,
    val parent: String?,
    val startedAtNanos: Long,
    val status: String,
    val input: List<KeptItem>,
    val output: List<KeptItem>,
    val response: String?,
    val model: String?,
    val decision: String?,
    val use: KeptUse,
)

data class KeptUse(val promptTokens: Long, val completionTokens: Long, val costMicros: Long)

internal val conversationCodec = StateCodec(KeptConversation::class.java, format = 1)

internal fun Conversation.toKept() =
    KeptConversation(
        id.tenant,
        id.id,
        revision,
        createdAt.toNanos(),
        metadata,
        items.map { it.toKept() },
        turns.map { it.toKept() },
        dropped,
        use.toKept(),
    )

internal fun KeptConversation.toConversation() =
    Conversation(
        ConversationId(tenant, id),
        revision,
        instantOf(createdAtNanos),
        metadata,
        items.map { it.toItem() },
        turns.map { it.toTurn() },
        dropped,
        use.toUse(),
    )

internal fun Turn.toKept() =
    KeptTurn(
        id,
        parent,
        startedAt.toNanos(),
        status.name,
        input.map { it.toKept() },
        output.map { it.toKept() },
        response,
        model,
        decision,
        use.toKept(),
    )

internal fun KeptTurn.toTurn() =
    Turn(
        id,
        parent,
        instantOf(startedAtNanos),
        TurnStatus.valueOf(status),
        input.map { it.toItem() },
        output.map { it.toItem() },
        response,
        model,
        decision,
        use.toUse(),
    )

internal fun Item.toKept() = KeptItem(id, json)

internal fun KeptItem.toItem() = Item(id, json)

private fun Use.toKept() = KeptUse(promptTokens, completionTokens, costMicros)

private fun KeptUse.toUse() = Use(promptTokens, completionTokens, costMicros)

private fun Instant.toNanos(): Long = Math.addExact(Math.multiplyExact(epochSecond, NANOS_PER_SECOND), nano.toLong())

private fun instantOf(nanos: Long): Instant =
    Instant.ofEpochSecond(Math.floorDiv(nanos, NANOS_PER_SECOND), Math.floorMod(nanos, NANOS_PER_SECOND))

private const val NANOS_PER_SECOND = 1_000_000_000L
