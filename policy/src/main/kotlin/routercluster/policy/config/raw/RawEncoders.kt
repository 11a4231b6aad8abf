package routercluster.policy.config.raw

import routercluster.policy.catalog.ExecutionProvider
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.choose
import java.time.Duration

/** An entry of `gateway.encoders`: where an encoder lies and how it runs, or which service it is; and what it serves. Null: the default. */
internal class RawEncoder(
    val name: Text,
    val folder: Text?,
    val remote: RawRemote?,
    val serves: Map<Slot, Text>,
    val providers: List<ExecutionProvider>?,
    val device: Int?,
    val threads: Int?,
    val queueTokensMax: Int?,
    val queueWaitMax: Duration?,
    val batchTokensMax: Int?,
    val windowTokens: Int?,
    val windowOverlapTokens: Int?,
    val windowsMax: Int?,
    val timeout: Duration?,
)

private val executionProviders = ExecutionProvider.entries.associateBy { it.name.lowercase() }
private val slots = Slot.entries.associateBy { it.key }
internal val signalTimeouts = Duration.ofMillis(1)..Duration.ofMinutes(5)

internal fun readEncoder(section: Section): RawEncoder? {
    val name = section.requiredText("name")
    val encoder =
        RawEncoder(
            name ?: Text("", section.here),
            section.text("folder"),
            section.section("remote")?.let(::readRemote),
            readServes(section),
            section
                .texts("providers")
                .mapNotNull { choose(it, executionProviders, emptyList(), section.problems) }
                .takeIf { section.has("providers") },
            section.int("device", 0..255),
            section.int("threads", 1..256),
            section.int("queue_tokens_max", 512..100_000_000),
            section.duration("queue_wait_max", signalTimeouts),
            section.int("batch_tokens_max", 16..10_000_000),
            section.int("window_tokens", 16..1_000_000),
            section.int("window_overlap_tokens", 0..100_000),
            section.int("windows_max", 1..100_000),
            section.duration("timeout", signalTimeouts),
        )
    if (encoder.remote != null) localKeys.forEach { section.refuse(it, "does not go with remote") }
    return encoder.takeIf { name != null }
}

private val localKeys =
    listOf(
        "folder",
        "providers",
        "device",
        "threads",
        "queue_tokens_max",
        "queue_wait_max",
        "batch_tokens_max",
        "window_tokens",
        "window_overlap_tokens",
        "windows_max",
    )

/** Slots to heads, as a mapping from slot to head. */
private fun readServes(section: Section): Map<Slot, Text> {
    val serves = section.section("serves") ?: return emptyMap()
    return serves.keys
        .mapNotNull { key -> slots[key]?.let { slot -> serves.text(key)?.let { slot to it } } }
        .toMap()
        .also { serves.close(slots.keys) }
}
