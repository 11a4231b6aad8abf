package routercluster.telemetry

import com.linecorp.armeria.common.HttpHeaders
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.server.Server
import com.linecorp.armeria.server.ServiceRequestContext
import com.linecorp.armeria.server.grpc.GrpcService
import io.grpc.stub.StreamObserver
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse
import io.opentelemetry.proto.collector.trace.v1.TraceServiceGrpc
import io.opentelemetry.proto.trace.v1.Span
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** An OTLP collector on a free port that takes spans over gRPC, and over HTTP at any other path. */
internal class Collector : AutoCloseable {
    private val exports = LinkedBlockingQueue<Export>()
    private val server =
        Server
            .builder()
            .http(0)
            .service(GrpcService.builder().addService(Grpc()).build())
            .serviceUnder("/posted/") { _, request -> posted(request) }
            .serviceUnder("/v1/") { _, request -> posted(request) }
            .build()

    init {
        server.start().join()
    }

    val port: Int get() = server.activeLocalPort()

    /** The next batch of spans, or null where none is left: what was exported before a tracing was closed has arrived. */
    fun next(): Export? = exports.poll()

    override fun close() {
        server.closeAsync()
    }

    private fun posted(request: HttpRequest): HttpResponse =
        HttpResponse.of(
            request.aggregate().thenApply { whole ->
                exports.add(Export("http", whole.path(), whole.headers(), ExportTraceServiceRequest.parseFrom(whole.content().array())))
                HttpResponse.of(HttpStatus.OK)
            },
        )

    private inner class Grpc : TraceServiceGrpc.TraceServiceImplBase() {
        override fun export(request: ExportTraceServiceRequest, responses: StreamObserver<ExportTraceServiceResponse>) {
            val context = ServiceRequestContext.current()
            exports.add(Export("grpc", context.path(), context.request().headers(), request))
            responses.onNext(ExportTraceServiceResponse.getDefaultInstance())
            responses.onCompleted()
        }
    }
}

/** One batch as it arrived. [protocol] is `grpc` or `http`. */
internal class Export(val protocol: String, val path: String, val headers: HttpHeaders, private val request: ExportTraceServiceRequest) {
    val spans: List<Span> get() = request.resourceSpansList.flatMap { it.scopeSpansList }.flatMap { it.spansList }

    /** The service's attributes. */
    val resource: Map<String, String>
        get() = request.resourceSpansList.flatMap { it.resource.attributesList }.associate { it.key to it.value.stringValue }
}
