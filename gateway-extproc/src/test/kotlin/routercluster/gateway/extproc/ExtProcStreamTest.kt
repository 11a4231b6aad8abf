package routercluster.gateway.extproc

import com.google.protobuf.ByteString
import com.google.protobuf.Struct
import com.google.protobuf.Value
import io.envoyproxy.envoy.config.core.v3.HeaderMap
import io.envoyproxy.envoy.config.core.v3.HeaderValue
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse.ResponseCase
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.maps.shouldContainAll
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.gateway.pipeline.AnswerFilter
import routercluster.gateway.pipeline.AnswerObserver
import routercluster.gateway.pipeline.DoorPlan
import routercluster.gateway.pipeline.DoorRequest

/**
 * The message orders that Envoy can send, and what each must be answered with.
 *
 * Messages: `H` request headers, `B` request body, `T` request trailers; `h`, `b`, `t` the same of the answer; `!` end_of_stream;
 * `.` Envoy closes the stream, `x` it breaks off. Answers, one column per message: `-` none; `H+` headers with our changes;
 * `B=` replaced, `B0` emptied, `B~` streamed chunk; `h+` our headers on the answer; `I413` immediate response; `!code` fault.
 */
class ExtProcStreamTest {
    private val table =
        """
        modes        | messages          | answers                              | observer
        -- full duplex: headers withheld until the body is whole
        duplex       | H B! h b! .       | - H+,B~! h+ b -                      | headers 200, chunk, end
        duplex       | H B B B! h b b! . | - - - H+,B~! h+ b b -                | headers 200, chunk, chunk, end
        duplex       | H B T h b! .      | - - H+,B~,T h+ b -                   | headers 200, chunk, end
        duplex       | H T h h           | - H+,B~,T h+ !misplaced_response_headers | headers 200, aborted
        duplex       | H B B! h b t .    | - - H+,B~! h+ b t -                  | headers 200, chunk, end
        duplex       | H B! h! .         | - H+,B~! h+ -                        | headers 200, end
        duplex/full  | H B! h b b! .     | - H+,B~! h+ b~ b~! -                 | headers 200, chunk, chunk, end
        duplex/none  | H B! h .          | - H+,B~! h+ -                        | headers 200, end
        duplex/none  | H B! h x          | - H+,B~! h+ -                        | headers 200, end
        -- the plan filters answers: it holds the first part back, lets others pass and says zz at the end
        filtered     | H B! h b b b! .   | - H+,B~! h+ b0 b b= -                | headers 200, chunk, chunk, chunk, end
        filtered     | H B! h b! .       | - H+,B~! h+ b= -                     | headers 200, chunk, end
        filtered     | H B! h b b t .    | - H+,B~! h+ b0 b t -                 | headers 200, chunk, chunk, end
        filtered     | H B! h b x        | - H+,B~! h+ b0 -                     | headers 200, chunk, aborted
        filtered     | H B! h! .         | - H+,B~! h+ -                        | headers 200, end
        filtered/full | H B! h b b b! .  | - H+,B~! h+ - b~ b~! -               | headers 200, chunk, chunk, chunk, end
        filtered/full | H B! h b b t .   | - H+,B~! h+ - b~ b~,t -              | headers 200, chunk, chunk, end
        -- no body
        duplex       | H! h b! .         | H+ h+ b -                            | headers 200, chunk, end
        buffered     | H! h! .           | H+ h+ -                              | headers 200, end
        none         | H! h b! .         | H+ h+ b -                            | headers 200, chunk, end
        -- buffered: changes come with the body
        buffered     | H B! h b! .       | H B+= h+ b -                         | headers 200, chunk, end
        buffered     | H B T h b t .     | H B+= T h+ b t -                     | headers 200, chunk, end
        buffered     | H T               | H I400                               |
        buffered     | H B! T            | H B+= !misplaced_request_trailers    | aborted
        unsaid       | H B! h b! .       | H B+= h+ b -                         | headers 200, chunk, end
        -- streamed: one answer per chunk, all held back
        streamed     | H B B B! h b! .   | - - - H+,B0,B0,B= h+ b -             | headers 200, chunk, end
        streamed     | H B T h b! .      | - - H+,B=,T h+ b -                   | headers 200, chunk, end
        -- the client or the upstream leaves early
        duplex       | .                 | -                                    |
        duplex       | H .               | - -                                  |
        duplex       | H B x             | - - -                                |
        duplex       | H B! .            | - H+,B~! -                           | aborted
        duplex       | H B! h .          | - H+,B~! h+ -                        | headers 200, aborted
        duplex       | H B! h b x        | - H+,B~! h+ b -                      | headers 200, chunk, aborted
        duplex       | H B! h b! x       | - H+,B~! h+ b -                      | headers 200, chunk, end
        -- Envoy answers by itself before the request is whole
        duplex       | h! .              | h -                                  |
        duplex       | H B h b! B T .    | - - h b - - -                        |
        buffered     | H h b! .          | H h b -                              |
        -- answers without an upstream, and what comes after one
        refusing     | H B! .            | - I403 -                             |
        refusing     | H! .              | I403 -                               |
        refusing     | H B! B h T .      | - I403 - - - -                       |
        buffered-refusing | H B! .       | H I403 -                             |
        -- too long
        duplex       | H B9 B9 B .       | - - I413 - -                         |
        buffered     | H B9 . | H B+= - | aborted
        buffered     | H9 B              | I413 -                               |
        -- modes that cannot be routed in
        none         | H                 | I500                                 |
        partial      | H                 | I500                                 |
        streamed-strict | H              | I500                                 |
        -- orders that no Envoy should send
        duplex       | H H               | - !misplaced_request_headers         |
        duplex       | B!                | !misplaced_request_body              |
        duplex       | T                 | !misplaced_request_trailers          |
        duplex       | b                 | !misplaced_response_body             |
        duplex       | t                 | !misplaced_response_trailers         |
        duplex       | H B! B!           | - H+,B~! !misplaced_request_body     | aborted
        duplex       | H B! T            | - H+,B~! !misplaced_request_trailers | aborted
        duplex       | H B! b            | - H+,B~! !misplaced_response_body    | aborted
        duplex       | H B! h b! b       | - H+,B~! h+ b !misplaced_response_body | headers 200, chunk, end
        duplex       | H B! h b! t       | - H+,B~! h+ b !misplaced_response_trailers | headers 200, chunk, end
        duplex       | H B T T           | - - H+,B~,T !misplaced_request_trailers | aborted
        duplex       | ?                 | !empty_message                       |
        duplex       | o                 | !observability_mode                  |
        """

    @Test
    fun `answers every order of messages`() {
        val rows = table
            .lines()
            .map(String::trim)
            .filter { it.isNotEmpty() && !it.startsWith("--") }
            .drop(1)
        for (row in rows) {
            val (modes, messages, answers, observed) = row.split('|').map(String::trim)
            val run = Run(modes)
            val actual = messages.split(' ').map(run::take)
            withClue(row) {
                actual.joinToString(" ") shouldBe answers.split(Regex(" +")).joinToString(" ")
                run.observed.joinToString(", ") shouldBe observed
            }
        }
    }

    @Test
    fun `asks the door for the whole request`() {
        val run = Run("duplex")
        "H B B!".split(' ').forEach(run::take)
        val asked = run.asked.single()
        asked.method shouldBe "POST"
        asked.path shouldBe "/v1/chat/completions?a=b"
        asked.headers shouldContainExactly listOf("content-type" to "application/json", "x-name" to "caf\u00e9")
        String(asked.body) shouldBe "xx"
        asked.peer shouldBe "10.1.2.3"
        asked.seesAnswer shouldBe true
    }

    @Test
    fun `tells the door whether it will see the answer`() {
        for ((modes, sees) in mapOf("duplex" to true, "duplex/full" to true, "duplex/none" to false, "duplex/buffered" to false)) {
            val run = Run(modes)
            "H B!".split(' ').forEach(run::take)
            withClue(modes) { run.asked.single().seesAnswer shouldBe sees }
        }
    }

    @Test
    fun `sends a long body in chunks of 64 KiB and keeps its bytes`() {
        val body = ByteArray(200_000) { (it % 251).toByte() }
        val chunks = streamed(ByteString.copyFrom(body), endOfStream = true).map { it.response.bodyMutation.streamedResponse }
        chunks.map { it.body.size() } shouldContainExactly listOf(65_536, 65_536, 65_536, 3_392)
        chunks.map { it.endOfStream } shouldContainExactly listOf(false, false, false, true)
        chunks.fold(ByteString.EMPTY) { all, chunk -> all.concat(chunk.body) } shouldBe ByteString.copyFrom(body)
        streamed(ByteString.EMPTY, endOfStream = true)
            .single()
            .response.bodyMutation.streamedResponse.endOfStream shouldBe true
        streamed(ByteString.EMPTY, endOfStream = false).size shouldBe 0
    }

    @Test
    fun `changes headers, clears the route and writes metadata with the first answer`() {
        for (modes in listOf("duplex", "buffered")) {
            val run = Run(modes)
            "H B!".split(' ').forEach(run::take)
            val first = run.sent.first { it.hasDynamicMetadata() }
            val common = if (first.hasRequestHeaders()) first.requestHeaders.response else first.requestBody.response
            common.clearRouteCache shouldBe true
            common.headerMutation.removeHeadersList shouldContainExactly listOf("x-secret")
            val set = common.headerMutation.setHeadersList.associate { it.header.key to it.header.rawValue.toStringUtf8() }
            set shouldContainAll
                mapOf(
                    ":path" to "/openai/v1/chat/completions",
                    "authorization" to "Bearer k",
                    "x-selected-model" to "large",
                    "x-gateway-destination-endpoint" to "10.0.0.9:8000",
                    "x-routercluster-upstream" to "large/main",
                )
            set["content-length"] shouldBe if (modes == "buffered") "${NEW_BODY.size}" else null
            val texts = first.dynamicMetadata.fieldsMap.mapValues { space ->
                space.value.structValue.fieldsMap
                    .mapValues { it.value.stringValue }
            }
            texts["envoy.lb"] shouldBe mapOf("x-gateway-destination-endpoint" to "10.0.0.9:8000")
            texts["io.routercluster"] shouldBe
                mapOf("decision" to "hard", "outcome" to "forward", "model" to "large", "upstream" to "large/main")
        }
    }

    @Test
    fun `reads peers of both address families`() {
        val rows = mapOf("10.0.0.1:80" to "10.0.0.1", "[2001:db8::1]:443" to "2001:db8::1", "@/pipe/x" to null, "" to null)
        for ((address, peer) in rows) head(requestHeaders(false, address, null)).peer shouldBe peer
    }

    /** Drives one stream the way the gRPC service does. */
    private class Run(modes: String) {
        private val filter = if (modes.startsWith("filtered")) holding() else null
        private val refusing = modes.endsWith("refusing")
        private val config = configs.getValue(modes.removeSuffix("-refusing").replace("refusing", "duplex"))
        private val machine =
            ExtProcStream(BODY_BYTES_MAX) { _, status, code, _ -> DoorPlan.Answer(status, emptyList(), code.toByteArray()) }
        private var state = StreamState()
        private var first = true
        val sent = mutableListOf<ProcessingResponse>()
        val asked = mutableListOf<DoorRequest>()
        val observed = mutableListOf<String>()

        fun take(token: String): String {
            if (token == "." || token == "x") {
                observed += listOfNotNull(machine.ended(state)).map(::show)
                return "-"
            }
            val builder = message(token).toBuilder()
            if (first && config != null) builder.protocolConfig = config
            first = false
            return follow(machine.step(state, builder.build()))
        }

        private fun follow(step: Step): String {
            state = step.state
            observed += step.seen.filter { state.plan != null }.map(::show)
            step.fault?.let {
                observed += listOfNotNull(machine.ended(state)).map(::show)
                return "!${it.code}"
            }
            step.ask?.let {
                asked += it
                return follow(machine.decided(state, if (refusing) DoorPlan.Answer(403, emptyList(), ByteArray(0)) else forward(filter)))
            }
            val responses = step.sent(state.plan?.answerFilter)
            sent += responses
            return responses.joinToString(",", transform = ::show).ifEmpty { "-" }
        }
    }

    private companion object {
        const val BODY_BYTES_MAX = 10L
        val NEW_BODY = """{"model":"large"}""".toByteArray()

        object Silent : AnswerObserver {
            override fun headers(status: Int, headers: List<Pair<String, String>>) = Unit

            override fun chunk(bytes: ByteArray) = Unit

            override fun end() = Unit

            override fun aborted() = Unit
        }

        /** Holds the first part back, lets others pass and says zz at the end. */
        fun holding(): AnswerFilter {
            var parts = 0
            return AnswerFilter { bytes, last ->
                if (last) {
                    "zz".toByteArray()
                } else if (parts++ == 0) {
                    ByteArray(0)
                } else {
                    bytes
                }
            }
        }

        fun forward(filter: AnswerFilter?) =
            DoorPlan.Forward(
                path = "/openai/v1/chat/completions",
                body = NEW_BODY,
                setHeaders = listOf("authorization" to "Bearer k"),
                removeHeaders = listOf("x-secret"),
                destination = "10.0.0.9:8000",
                upstream = "large/main",
                model = "large",
                responseHeaders = listOf("x-vsr-selected-model" to "large"),
                clearRouteCache = true,
                observer = Silent,
                answerFilter = filter,
                metadata = mapOf("decision" to "hard"),
            )

        val configs: Map<String, ProtocolConfiguration?> =
            mapOf(
                "duplex" to config(BodySendMode.FULL_DUPLEX_STREAMED),
                "duplex/full" to config(BodySendMode.FULL_DUPLEX_STREAMED, BodySendMode.FULL_DUPLEX_STREAMED),
                "filtered" to config(BodySendMode.FULL_DUPLEX_STREAMED),
                "filtered/full" to config(BodySendMode.FULL_DUPLEX_STREAMED, BodySendMode.FULL_DUPLEX_STREAMED),
                "duplex/none" to config(BodySendMode.FULL_DUPLEX_STREAMED, BodySendMode.NONE),
                "duplex/buffered" to config(BodySendMode.FULL_DUPLEX_STREAMED, BodySendMode.BUFFERED_PARTIAL),
                "buffered" to config(BodySendMode.BUFFERED),
                "streamed" to config(BodySendMode.STREAMED, bodyFirst = true),
                "streamed-strict" to config(BodySendMode.STREAMED),
                "partial" to config(BodySendMode.BUFFERED_PARTIAL),
                "none" to config(BodySendMode.NONE),
                "unsaid" to null,
            )

        fun config(request: BodySendMode, response: BodySendMode = BodySendMode.STREAMED, bodyFirst: Boolean = false) =
            ProtocolConfiguration
                .newBuilder()
                .setRequestBodyMode(request)
                .setResponseBodyMode(response)
                .setSendBodyWithoutWaitingForHeaderResponse(bodyFirst)
                .build()

        val ok = headers(":status" to "200")

        fun message(token: String): ProcessingRequest {
            val end = token.endsWith("!")
            val message = ProcessingRequest.newBuilder()
            return when (token.removeSuffix("!")) {
                "H" -> requestHeaders(end, "10.1.2.3:5000", null)
                "H9" -> requestHeaders(end, "10.1.2.3:5000", "99")
                "B" -> message.setRequestBody(body("x", end)).build()
                "B9" -> message.setRequestBody(body("123456789", end)).build()
                "T" -> message.setRequestTrailers(HttpTrailers.getDefaultInstance()).build()
                "h" -> message.setResponseHeaders(HttpHeaders.newBuilder().setHeaders(ok).setEndOfStream(end)).build()
                "b" -> message.setResponseBody(body("y", end)).build()
                "t" -> message.setResponseTrailers(HttpTrailers.getDefaultInstance()).build()
                "?" -> message.build()
                "o" -> message.setObservabilityMode(true).build()
                else -> error("No message is called '$token'")
            }
        }

        fun body(text: String, end: Boolean): HttpBody =
            HttpBody
                .newBuilder()
                .setBody(ByteString.copyFromUtf8(text))
                .setEndOfStream(end)
                .build()

        fun headers(vararg pairs: Pair<String, String>): HeaderMap =
            HeaderMap
                .newBuilder()
                .addAllHeaders(pairs.map(::header))
                .build()

        fun header(pair: Pair<String, String>): HeaderValue =
            HeaderValue
                .newBuilder()
                .setKey(pair.first)
                .setRawValue(ByteString.copyFromUtf8(pair.second))
                .build()

        fun requestHeaders(end: Boolean, source: String, length: String?): ProcessingRequest {
            val pseudo = listOf(":method" to "POST", ":path" to "/v1/chat/completions?a=b")
            val plain = listOf("content-type" to "application/json", "x-name" to "caf\u00e9")
            val all = pseudo + plain + listOfNotNull(length?.let { "content-length" to it })
            val attributes = Struct.newBuilder().putFields("source.address", Value.newBuilder().setStringValue(source).build()).build()
            return ProcessingRequest
                .newBuilder()
                .setRequestHeaders(HttpHeaders.newBuilder().setHeaders(headers(*all.toTypedArray())).setEndOfStream(end))
                .putAttributes(ATTRIBUTES_KEY, attributes)
                .build()
        }

        fun show(seen: Seen): String =
            when (seen) {
                is Seen.Headers -> "headers ${seen.status}"
                is Seen.Chunk -> "chunk"
                Seen.End -> "end"
                Seen.Aborted -> "aborted"
            }

        fun show(response: ProcessingResponse): String =
            when (response.responseCase) {
                ResponseCase.REQUEST_HEADERS -> "H" + edited(response.requestHeaders)
                ResponseCase.REQUEST_BODY -> "B" + changed(response.requestBody)
                ResponseCase.REQUEST_TRAILERS -> "T"
                ResponseCase.RESPONSE_HEADERS -> "h" + edited(response.responseHeaders)
                ResponseCase.RESPONSE_BODY -> "b" + changed(response.responseBody)
                ResponseCase.RESPONSE_TRAILERS -> "t"
                ResponseCase.IMMEDIATE_RESPONSE -> "I${response.immediateResponse.status.codeValue}"
                ResponseCase.RESPONSE_NOT_SET, null -> "nothing"
            }

        fun edited(response: HeadersResponse): String = if (response.response.headerMutation.setHeadersCount > 0) "+" else ""

        fun changed(response: BodyResponse): String {
            val mutation = response.response.bodyMutation
            val edits = if (response.response.headerMutation.setHeadersCount > 0) "+" else ""
            return edits +
                when {
                    mutation.hasStreamedResponse() -> if (mutation.streamedResponse.endOfStream) "~!" else "~"
                    mutation.clearBody -> "0"
                    mutation.hasBody() -> "="
                    else -> ""
                }
        }
    }
}
