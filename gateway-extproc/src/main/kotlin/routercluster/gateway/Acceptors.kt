package routercluster.gateway

import com.linecorp.armeria.common.Flags
import com.linecorp.armeria.common.util.EventLoopGroups
import com.linecorp.armeria.common.util.ThreadFactories
import com.linecorp.armeria.common.util.TransportType
import io.netty.channel.Channel
import io.netty.channel.ChannelFuture
import io.netty.channel.EventLoopGroup
import io.netty.channel.IoHandlerFactory
import io.netty.channel.MultiThreadIoEventLoopGroup
import io.netty.channel.epoll.EpollIoHandler
import io.netty.channel.nio.NioIoHandler
import io.netty.util.concurrent.Future
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit

/** The threads that take connections in, one for each port. */
internal class Acceptors {
    private val acceptors = CopyOnWriteArrayList<Acceptor>()

    /** For one more port. */
    fun one(name: String): EventLoopGroup =
        when (Flags.transportType()) {
            TransportType.EPOLL -> acceptor(name, EpollIoHandler.newFactory())
            TransportType.NIO -> acceptor(name, NioIoHandler.newFactory())
            TransportType.KQUEUE, TransportType.IO_URING -> EventLoopGroups.newEventLoopGroup(1, name, true)
        }

    /** Takes in no more; connections that are open stay so. Does nothing on systems with other ways of I/O than epoll and Java's own. */
    fun closePorts() = acceptors.forEach(Acceptor::closePorts)

    private fun acceptor(name: String, handlers: IoHandlerFactory) = Acceptor(name, handlers).also(acceptors::add)
}

private class Acceptor(name: String, handlers: IoHandlerFactory) :
    MultiThreadIoEventLoopGroup(1, ThreadFactories.newEventLoopThreadFactory(name, true), handlers) {
    private val ports = CopyOnWriteArrayList<Channel>()

    override fun register(channel: Channel): ChannelFuture {
        ports += channel
        return super.register(channel)
    }

    fun closePorts() = ports.forEach { it.close().awaitUninterruptibly() }

    /** Ends at once. Left to itself, Netty waits two seconds for late tasks, and one whose port is closed gets none. */
    override fun shutdownGracefully(): Future<*> = shutdownGracefully(0, 1, TimeUnit.SECONDS)
}
