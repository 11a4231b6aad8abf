package routercluster.gateway.encode.remote

import com.linecorp.armeria.client.ClientFactory
import com.linecorp.armeria.common.CommonPools
import io.netty.channel.EventLoopGroup
import routercluster.gateway.encode.remote.chat.ChatService
import routercluster.gateway.encode.remote.mcp.HttpTransport
import routercluster.gateway.encode.remote.mcp.McpService
import routercluster.gateway.encode.remote.mcp.StdioTransport
import routercluster.policy.catalog.Endpoint
import routercluster.policy.catalog.ExternalModel
import routercluster.policy.catalog.RemoteBounds
import routercluster.policy.catalog.RemoteService
import routercluster.policy.catalog.RemoteSettings
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.LabelQuestion
import routercluster.policy.encode.OpenEncoder
import java.time.Duration

/**
 * Opens encoders that are services. That connects to nobody and starts nothing: whoever is not asked costs nothing.
 *
 * @param loops send and receive; they stay the caller's to end
 */
class RemoteEncoders(private val loops: EventLoopGroup = CommonPools.workerGroup()) : AutoCloseable {
    private val connections =
        lazy {
            ClientFactory
                .builder()
                .workerGroup(loops, false)
                .connectTimeout(CONNECT_TIMEOUT)
                .build()
        }

    fun open(settings: RemoteSettings): OpenEncoder {
        val service = service(settings)
        val heads = settings.heads.mapKeys { HeadRef(settings.name, it.key) }
        val version = (settings.service as? RemoteService.Http)?.model ?: "of the service"
        return RemoteEncoder(
            RemoteFacts(settings.name, settings.service.toString(), version, heads, settings.timeout, settings.bounds),
            service,
            loops,
        )
    }

    /** A language model as an encoder: a head for each of the [questions] that it is asked. */
    fun open(external: ExternalModel, questions: List<LabelQuestion>): OpenEncoder {
        val calls = calls(external.endpoint, chatBounds)
        val service = ChatService(external, questions.associateBy { it.ref.head }, calls)
        val heads = questions.associate { it.ref to it.head }
        val facts = RemoteFacts(external.name, external.endpoint.toString(), external.model, heads, external.timeout, chatBounds)
        return RemoteEncoder(facts, service, loops)
    }

    private fun service(settings: RemoteSettings): Service {
        val labels = settings.heads.values
            .first()
            .labels
        return when (val service = settings.service) {
            is RemoteService.Http -> {
                httpService(service.protocol, service.model, settings.heads, calls(service.endpoint, settings.bounds))
            }

            is RemoteService.McpHttp -> {
                McpService(settings.name, labels, service.tool) { HttpTransport(calls(service.endpoint, settings.bounds)) }
            }

            is RemoteService.McpProcess -> {
                McpService(settings.name, labels, service.tool) { StdioTransport(service, settings.bounds.answerBytesMax, loops) }
            }
        }
    }

    private fun calls(endpoint: Endpoint, bounds: RemoteBounds) =
        HttpCalls(endpoint, connections.value, bounds.answerBytesMax, bounds.retries, loops)

    override fun close() {
        if (connections.isInitialized()) connections.value.close()
    }

    private companion object {
        val CONNECT_TIMEOUT: Duration = Duration.ofSeconds(2)

        /** Language models read long texts, and are asked about one at a time. */
        val chatBounds = RemoteBounds(batchMax = 1, answerBytesMax = 1024 * 1024, windowCharacters = 32_000)
    }
}
