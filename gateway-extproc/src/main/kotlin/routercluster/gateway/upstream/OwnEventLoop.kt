package routercluster.gateway.upstream

import com.linecorp.armeria.client.Endpoint
import com.linecorp.armeria.client.EventLoopScheduler
import com.linecorp.armeria.client.endpoint.EndpointGroup
import com.linecorp.armeria.common.SessionProtocol
import com.linecorp.armeria.common.util.ReleasableHolder
import io.netty.channel.EventLoop
import io.netty.channel.EventLoopGroup

/**
 * Sends a request on the event loop that asks for it: a door's request and the upstream's answer then share a thread, and no
 * chunk wakes up another. The price is a connection pool per event loop. Callers on other threads get the next loop in turn.
 */
internal class OwnEventLoop(private val group: EventLoopGroup) : EventLoopScheduler {
    private val held = group.map { Held(it as EventLoop) }

    override fun acquire(protocol: SessionProtocol, endpoints: EndpointGroup, endpoint: Endpoint?): ReleasableHolder<EventLoop> =
        held.firstOrNull { it.get().inEventLoop() } ?: Held(group.next())

    private class Held(private val loop: EventLoop) : ReleasableHolder<EventLoop> {
        override fun get(): EventLoop = loop

        override fun release() = Unit
    }
}
