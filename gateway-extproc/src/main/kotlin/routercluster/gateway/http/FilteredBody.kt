package routercluster.gateway.http

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.stream.StreamMessage
import org.reactivestreams.Publisher
import routercluster.policy.answer.UsageFilter

/**
 * This body as [filter] lets it pass. A chunk of which all passes is handed on as it is; one of which nothing passes costs no demand.
 * What is held back at the end follows it; a body that fails takes it along.
 */
internal fun StreamMessage<HttpData>.passing(filter: UsageFilter): StreamMessage<HttpData> {
    val passed = map { filter.pass(it) }.filter { !it.isEmpty }
    // Asked for what is held back only once all else has passed.
    val rest = Publisher<HttpData> { StreamMessage.of(HttpData.wrap(filter.rest())).filter { !it.isEmpty }.subscribe(it) }
    return StreamMessage.concat(passed, rest)
}

private fun UsageFilter.pass(data: HttpData): HttpData {
    val bytes = data.array()
    val passed = pass(bytes)
    return if (passed === bytes) data else HttpData.wrap(passed)
}
