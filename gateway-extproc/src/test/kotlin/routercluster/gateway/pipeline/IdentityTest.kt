package routercluster.gateway.pipeline

import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.RequestHeaders
import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.mock.mockLlm
import routercluster.policy.GatewaySettings
import routercluster.policy.IdentityHeaders
import routercluster.policy.request.Identity
import java.net.InetAddress

class IdentityTest {
    private val staff =
        "role_bindings: [{name: staff, role: staff, subjects: [{kind: User, name: ann}, {kind: Group, name: ops}]}]"

    /** A decision that asks for the role, beside what each test adds. */
    private fun policy(port: Int, gateway: String, more: String = "") =
        policyText(port, signals = staff, gateway = gateway, more = more).replace(
            "decisions: []",
            "decisions: [{name: inside, rules: {type: authz, name: staff}, modelRefs: [{model: large}]}]",
        )

    @Test
    fun `peers are trusted by address and by block`() {
        val rows =
            listOf(
                Triple("10.0.0.0/8", "10.9.8.7", true),
                Triple("10.0.0.0/8", "11.0.0.1", false),
                Triple("10.1.2.0/23", "10.1.3.255", true),
                Triple("10.1.2.0/23", "10.1.4.0", false),
                Triple("10.1.2.3", "10.1.2.3", true),
                Triple("10.1.2.3", "10.1.2.4", false),
                Triple("0.0.0.0/0", "203.0.113.9", true),
                Triple("0.0.0.0/0", "2001:db8::1", false),
                Triple("fd00::/8", "fdab::1", true),
                Triple("fd00::/8", "fe00::1", false),
                Triple("2001:db8::1", "2001:db8::1", true),
                Triple("2001:db8::1", "2001:db8::2", false),
                Triple("::ffff:10.0.0.0/104", "10.1.2.3", true),
                Triple("::ffff:10.0.0.0/104", "11.1.2.3", false),
                Triple("10.0.0.0/8", "::ffff:10.1.2.3", true),
            )
        assertSoftly {
            rows.forEach { (block, peer, trusted) ->
                val edge = Edge(IdentityHeaders(), GatewaySettings(trustedPeers = listOf(block)))
                withClue("$peer in $block") { edge.trusts(InetAddress.getByName(peer)) shouldBe trusted }
            }
            Edge(IdentityHeaders(), GatewaySettings()).trusts(InetAddress.getLoopbackAddress()) shouldBe false
            Edge(IdentityHeaders(), GatewaySettings(trustedPeers = listOf("0.0.0.0/0"))).trusts(null) shouldBe false
        }
    }

    @Test
    fun `only a trusted peer names the caller`() {
        val edge = Edge(IdentityHeaders(), GatewaySettings(trustedPeers = listOf("127.0.0.1")))
        val headers =
            RequestHeaders.of(HttpMethod.POST, "/", "x-authz-user-id", "ann", "x-authz-user-groups", "ops, dev,, ")
        edge.identity(headers, InetAddress.getByName("127.0.0.1")) shouldBe Identity("ann", listOf("ops", "dev"))
        edge.identity(headers, InetAddress.getByName("127.0.0.2")) shouldBe Identity.NONE
        val blank = RequestHeaders.of(HttpMethod.POST, "/", "x-authz-user-id", " ")
        edge.identity(blank, InetAddress.getByName("127.0.0.1")).user shouldBe null
    }

    @Test
    fun `a decision that grants rights refuses whom nobody names`() {
        mockLlm().use { mock ->
            TestGateway(policy(mock.port, "{trusted_peers: [127.0.0.0/8]}")).use { router ->
                val rows =
                    listOf(
                        listOf("x-authz-user-id" to "ann") to "large",
                        listOf("x-authz-user-id" to "bob", "x-authz-user-groups" to "dev,ops") to "large",
                        listOf("x-authz-user-id" to "bob") to "small",
                    )
                rows.forEach { (headers, model) ->
                    router.chat("Hello", *headers.toTypedArray()).header("x-vsr-selected-model") shouldBe model
                }
                val refused = router.chat("Hello")
                (refused.status to refused.code) shouldBe (403 to "identity_required")
                refused.headers("x-vsr-response-path", "x-vsr-selected-decision") shouldBe listOf("blocked", "inside")
            }
        }
    }

    @Test
    fun `an untrusted peer's word counts for nothing`() {
        mockLlm().use { mock ->
            TestGateway(policy(mock.port, "{trusted_peers: [10.0.0.0/8]}")).use { router ->
                router.chat("Hello", "x-authz-user-id" to "ann").code shouldBe "identity_required"
            }
            val open = "global: {services: {authz: {fail_open: true}}}"
            TestGateway(policy(mock.port, "{}", open)).use { router ->
                router.chat("Hello", "x-authz-user-id" to "ann").header("x-vsr-selected-model") shouldBe "small"
            }
        }
    }
}
