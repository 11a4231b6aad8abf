package routercluster.policy.plugins

import routercluster.policy.request.BodyEdits
import routercluster.policy.request.ChatBody
import routercluster.policy.request.RawJson

private const val STREAM = "stream"
private const val STREAM_OPTIONS = "stream_options"

/**
 * Whether the answer to [body], as [plugins] leave it, is a stream without token usage: the upstream can be asked for it then, and
 * the client must not notice.
 */
fun streamsWithoutUsage(body: ChatBody, plugins: List<Plugin>): Boolean {
    val blocked = plugins.filterIsInstance<Plugin.RequestParams>().flatMapTo(mutableSetOf()) { it.blocked }
    return body.stream && STREAM !in blocked && (!body.saysStreamUsage || STREAM_OPTIONS in blocked)
}

/** Asks for token usage at the end of the stream; whatever else `stream_options` say stays. */
fun BodyEdits.askingUsage(): BodyEdits = set(listOf(STREAM_OPTIONS, "include_usage"), RawJson.of(true))
