package routercluster.vectorstore.qdrant

import com.google.protobuf.MessageLite
import io.grpc.Metadata
import io.grpc.Server
import io.grpc.ServerCall
import io.grpc.ServerCallHandler
import io.grpc.ServerInterceptor
import io.grpc.Status
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder
import io.grpc.stub.StreamObserver
import io.qdrant.client.grpc.Collections.CreateCollection
import java.net.InetSocketAddress
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit

/**
 * A server that answers the calls that the store makes as Qdrant does, comparing everything. It checks what Qdrant checks of them, and keeps them for tests to
 * look at.
 *
 * @param apiKey that every call must bring; null for none
 */
internal class FakeQdrant(private val apiKey: String? = null) : AutoCloseable {
    val calls = CopyOnWriteArrayList<MessageLite>()

    /** What the next calls fail with, one after another; null lets one through. */
    val failures = ArrayDeque<Status.Code?>()

    private val collections = FakeCollections(this)
    private val points = FakePoints(this, collections)
    private val server: Server =
        NettyServerBuilder
            .forAddress(InetSocketAddress("127.0.0.1", 0))
            .maxInboundMessageSize(64 * 1024 * 1024)
            .intercept(KeyCheck())
            .addService(collections)
            .addService(points)
            .build()
            .start()

    val port: Int get() = server.port

    fun make(creation: CreateCollection) = collections.make(creation)

    /** Answers [request] with what [answer] gives; a [StatusFailure] that it throws is the answer too. */
    fun <T> reply(request: MessageLite, observer: StreamObserver<T>, answer: () -> T) {
        calls += request
        try {
            synchronized(
                failures,
            ) { failures.removeFirstOrNull() }?.let { throw StatusFailure(Status.fromCode(it).withDescription("as told")) }
            val reply = synchronized(this, answer)
            observer.onNext(reply)
            observer.onCompleted()
        } catch (failure: StatusFailure) {
            observer.onError(failure.status.asRuntimeException())
        }
    }

    override fun close() {
        server.shutdownNow().awaitTermination(20, TimeUnit.SECONDS)
    }

    private inner class KeyCheck : ServerInterceptor {
        private val header = Metadata.Key.of("api-key", Metadata.ASCII_STRING_MARSHALLER)

        override fun <Q, A> interceptCall(
            call: ServerCall<Q, A>,
            headers: Metadata,
            next: ServerCallHandler<Q, A>,
        ): ServerCall.Listener<Q> {
            if (apiKey == null || headers.get(header) == apiKey) return next.startCall(call, headers)
            call.close(Status.UNAUTHENTICATED.withDescription("Must provide an API key or an Authorization bearer token"), Metadata())
            return object : ServerCall.Listener<Q>() {}
        }
    }
}

internal class StatusFailure(val status: Status) : Exception()

internal fun refuse(status: Status, why: String): Nothing = throw StatusFailure(status.withDescription(why))
