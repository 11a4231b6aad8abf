package routercluster.gateway.responses

import com.linecorp.armeria.common.HttpData
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.channels.Channel
import org.reactivestreams.Publisher
import org.reactivestreams.Subscriber
import org.reactivestreams.Subscription

/** A body, chunk by chunk: the next one is asked for only when somebody waits for it. For one reader. */
internal class BodyChunks(body: Publisher<HttpData>) : Subscriber<HttpData> {
    private val subscription = CompletableDeferred<Subscription>()
    private val arrived = Channel<HttpData>(Channel.UNLIMITED)

    init {
        body.subscribe(this)
    }

    /** Null at the end. Fails as the body fails. */
    suspend fun next(): HttpData? {
        subscription.await().request(1)
        val result = arrived.receiveCatching()
        result.exceptionOrNull()?.let { throw it }
        return result.getOrNull()
    }

    override fun onSubscribe(subscription: Subscription) {
        this.subscription.complete(subscription)
    }

    override fun onNext(chunk: HttpData) {
        arrived.trySend(chunk)
    }

    override fun onError(failure: Throwable) {
        arrived.close(failure)
    }

    override fun onComplete() {
        arrived.close()
    }
}
