package routercluster.gateway

import com.linecorp.armeria.common.Flags
import com.linecorp.armeria.common.util.EventLoopGroups
import com.linecorp.armeria.common.util.ThreadFactories
import com.linecorp.armeria.common.util.TransportType
import io.netty.channel.EventLoopGroup
import io.netty.channel.IoHandlerFactory
import io.netty.channel.MultiThreadIoEventLoopGroup
import io.netty.channel.epoll.EpollIoHandler
import io.netty.channel.nio.NioIoHandler
import io.netty.util.concurrent.Future
import java.util.concurrent.TimeUnit

/** The thread that takes connections in for one port. */
internal fun acceptors(name: String): EventLoopGroup =
    when (Flags.transportType()) {
        TransportType.EPOLL -> Acceptors(name, EpollIoHandler.newFactory())
        TransportType.NIO -> Acceptors(name, NioIoHandler.newFactory())
        TransportType.KQUEUE, TransportType.IO_URING -> EventLoopGroups.newEventLoopGroup(1, name, true)
    }

/** Ends at once. Left to itself, Netty waits two seconds for late tasks, and one whose port is closed gets none. */
private class Acceptors(name: String, handlers: IoHandlerFactory) :
    MultiThreadIoEventLoopGroup(1, ThreadFactories.newEventLoopThreadFactory(name, true), handlers) {
    override fun shutdownGracefully(): Future<*> = shutdownGracefully(0, 1, TimeUnit.SECONDS)
}
