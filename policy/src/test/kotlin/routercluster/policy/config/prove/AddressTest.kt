package routercluster.policy.config.prove

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class AddressTest {
    @Test
    fun `reads a host and a port`() =
        assertSoftly {
            listOf(
                "localhost:8000" to HostPort("localhost", 8000),
                "10.0.0.1:1" to HostPort("10.0.0.1", 1),
                "my_service.ns.svc:65535" to HostPort("my_service.ns.svc", 65_535),
                "[::1]:8000" to HostPort("::1", 8000),
                "[2001:db8::1]:443" to HostPort("2001:db8::1", 443),
                "localhost" to null,
                "localhost:" to null,
                "localhost:0" to null,
                "localhost:65536" to null,
                "::1:8000" to null,
                "[::g]:1" to null,
                "[1.2.3.4]:1" to null,
                "a b:1" to null,
                "-a:1" to null,
                "user@host:1" to null,
                "http://host:1" to null,
                ":80" to null,
                "" to null,
            ).forEach { (text, address) -> withClue(text) { parseHostPort(text, defaultPort = null) shouldBe address } }
        }

    @Test
    fun `reads a base URL`() =
        assertSoftly {
            listOf(
                "https://api.openai.com/v1" to BaseUrl(true, HostPort("api.openai.com", 443), "/v1"),
                "http://localhost:11434/v1/" to BaseUrl(false, HostPort("localhost", 11_434), "/v1"),
                "HTTP://host" to BaseUrl(false, HostPort("host", 80), ""),
                "http://host/" to BaseUrl(false, HostPort("host", 80), ""),
                "https://[::1]:8443/a/b" to BaseUrl(true, HostPort("::1", 8443), "/a/b"),
                "ftp://host" to null,
                "host/v1" to null,
                "https://" to null,
                "https:///v1" to null,
                "https://u:p@host/" to null,
                "https://host/v1?x=1" to null,
                "https://host/v1#x" to null,
                "https://host/a b" to null,
            ).forEach { (text, url) -> withClue(text) { parseBaseUrl(text) shouldBe url } }
        }

    @Test
    fun `knows a CIDR block`() =
        assertSoftly {
            listOf("10.0.0.0/8", "0.0.0.0/0", "127.0.0.1", "192.168.1.1/32", "::/0", "fd00::/8", "::1", "2001:db8::1/128", "::ffff:1.2.3.4")
                .forEach { withClue(it) { isCidr(it) shouldBe true } }
            listOf("10.0.0.0/33", "10.0.0/8", "256.0.0.1", "01.0.0.1", "::/129", "::1/", "/8", "localhost", "1:2:3/8", "10.0.0.0/-1", "")
                .forEach { withClue(it) { isCidr(it) shouldBe false } }
        }
}
