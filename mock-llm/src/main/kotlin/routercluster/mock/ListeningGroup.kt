package routercluster.mock

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

/** The one thread that accepts a mock's connections. Its kind must be that of the threads which serve them. */
internal fun listeningGroup(name: String): EventLoopGroup =
    when (Flags.transportType()) {
        TransportType.EPOLL -> ListeningGroup(name, EpollIoHandler.newFactory())
        TransportType.NIO -> ListeningGroup(name, NioIoHandler.newFactory())
        TransportType.KQUEUE, TransportType.IO_URING -> EventLoopGroups.newEventLoopGroup(1, name, true)
    }

/**
 * Ends at once. Netty's default is to linger for two seconds, and what `EventLoopGroups.builder()` sets does not help: Armeria
 * 1.36 stops the group beneath. Tests close mocks by the hundred.
 */
private class ListeningGroup(name: String, io: IoHandlerFactory) :
    MultiThreadIoEventLoopGroup(1, ThreadFactories.newEventLoopThreadFactory(name, true), io) {
    override fun shutdownGracefully(): Future<*> = shutdownGracefully(0, STOP_MILLIS_MAX, TimeUnit.MILLISECONDS)

    private companion object {
        const val STOP_MILLIS_MAX = 1_000L
    }
}
