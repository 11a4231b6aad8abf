package routercluster.dataplane

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.extension.RegisterExtension
import routercluster.gateway.envoy.AnswerBodies
import routercluster.kit.House
import routercluster.kit.LogsOnFailure
import routercluster.mock.Fault
import routercluster.mock.RetryAfter
import routercluster.mock.Script
import java.io.IOException

/** The door that scenarios go through. */
internal interface DoorContract {
    val house: House

    /** Status where no upstream gave an answer. */
    val unreachableStatus: Int
}

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
internal abstract class HouseTest(
    private val behindEnvoy: Boolean,
    private val answerBodies: AnswerBodies = AnswerBodies.STREAMED,
) : DoorContract {
    private var open: House? = null
    override val house: House get() = checkNotNull(open) { "The house is not open" }

    @RegisterExtension
    val logs = LogsOnFailure("Envoy") { open?.envoy?.log().orEmpty() }

    @BeforeAll
    fun open() {
        open = House.open(behindEnvoy, answerBodies)
    }

    @BeforeEach
    fun reset() = house.reset()

    /** Nothing that was asked is forgotten: the count of requests in flight comes back to zero. */
    @AfterAll
    fun close() {
        open?.use(House::awaitIdle)
    }
}

internal abstract class DoorTest(behindEnvoy: Boolean) :
    HouseTest(behindEnvoy),
    RoutingScenarios,
    StreamScenarios,
    FailureScenarios,
    BillingScenarios

internal class HttpDoorTest : DoorTest(behindEnvoy = false) {
    override val unreachableStatus = 502
}

/** The same scenarios through a real Envoy. Whatever differs says why. */
internal class EnvoyDoorTest : DoorTest(behindEnvoy = true) {
    /** Envoy's own status for what it could not reach. */
    override val unreachableStatus = 503

    /** Envoy repeats only what surely did not reach the model; the HTTP door knows that a chat request does no harm twice. */
    @Test
    override fun `an upstream that dies before its headers is tried again`() {
        house.large.next(Script(fault = Fault.Close))
        house.ask("hello", "large").errorCode shouldBe "upstream_unavailable"
        house.large.requestCount shouldBe 1
    }

    /** Envoy has no rule that gives up: a Retry-After beyond the bound is passed over and the usual wait taken instead. */
    @Test
    override fun `busy for longer than we wait`() {
        house.large.next(Script(fault = Fault.Status(429, RetryAfter.Seconds(60))))
        house.ask("hello", "large").status shouldBe 200
        house.large.requestCount shouldBe 2
    }

    /** Envoy sends a request to the one upstream that it was decided for: the model that answers cannot change afterwards. */
    @Test
    override fun `a decision's next model answers for one that fails`() {
        house.large.script = Script(fault = Fault.Status(500))
        val reply = house.ask("stacktrace")
        reply.status shouldBe 500
        reply.header("x-vsr-selected-model") shouldBe "large"
        house.small.requestCount shouldBe 0
    }

    /**
     * An answer's bytes are Envoy's to pass on, so nobody can add an event to them: the stream is cut, and what came right before
     * the end may go with it.
     */
    override fun RawHttp.brokenStream() {
        repeat(2) { event() }
        shouldThrow<IOException> { repeat(2) { event() } }
    }
}

/** Where all of an answer goes through the router and back. */
internal class EnvoyDuplexTest :
    HouseTest(behindEnvoy = true, AnswerBodies.FULL_DUPLEX_STREAMED),
    BillingScenarios {
    override val unreachableStatus = 503
}

/** Where the router sees no answer, it can count nothing and hide nothing. */
internal class EnvoyUnseenAnswersTest : HouseTest(behindEnvoy = true, AnswerBodies.NONE) {
    override val unreachableStatus = 503

    @Test
    fun `an answer that is not seen is not asked for its usage, and is billed its prompt`() {
        val reply = house.post(chat("hello", more = STREAMED))
        reply.text shouldNotContain "usage"
        house.small.seen
            .single()
            .text() shouldNotContain "stream_options"
        val usage = house.usageOf(reply.header("x-request-id"))
        usage.path("estimated").booleanValue() shouldBe true
        usage.path("prompt_tokens").intValue() shouldBeGreaterThan 0
        usage.path("completion_tokens").intValue() shouldBe 0
    }
}
