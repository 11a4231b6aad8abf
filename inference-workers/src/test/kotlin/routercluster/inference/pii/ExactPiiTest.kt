package routercluster.inference.pii

import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.assertTimeout
import routercluster.policy.encode.Span
import java.time.Duration

class ExactPiiTest {
    @TestFactory
    fun `finds what is one`(): List<DynamicTest> =
        listOf(
            "write to jane.doe+x@mail.example.com." to "EMAIL_ADDRESS jane.doe+x@mail.example.com",
            "почта: иван@example.org" to "EMAIL_ADDRESS иван@example.org",
            "ping 192.168.0.1." to "IP_ADDRESS 192.168.0.1",
            "from 2001:db8::8a2e:370:7334 on" to "IP_ADDRESS 2001:db8::8a2e:370:7334",
            "call +1 650-253-0000 now" to "PHONE_NUMBER +1 650-253-0000",
            "call (650) 253-0000" to "PHONE_NUMBER (650) 253-0000",
            "Ruf +49 30 901820 an" to "PHONE_NUMBER +49 30 901820",
            "card 4111 1111 1111 1111 ok" to "CREDIT_CARD 4111 1111 1111 1111",
            "amex 378282246310005" to "CREDIT_CARD 378282246310005",
            "room 12 4111-1111-1111-1111" to "CREDIT_CARD 4111-1111-1111-1111",
            "IBAN DE89 3704 0044 0532 0130 00!" to "IBAN_CODE DE89 3704 0044 0532 0130 00",
            "GB82WEST12345698765432" to "IBAN_CODE GB82WEST12345698765432",
            "ssn 536-90-4399" to "US_SSN 536-90-4399",
            "see https://example.com/a?b=1)." to "DOMAIN_NAME https://example.com/a?b=1",
            "see www.example.de today" to "DOMAIN_NAME www.example.de",
            "on example.com." to "DOMAIN_NAME example.com",
            "👍😀 a@b.co" to "EMAIL_ADDRESS a@b.co",
        ).map { (text, found) ->
            dynamicTest(text) {
                exactSpans(text).map { "${it.label} ${text.substring(it.start, it.end)}" } shouldContainExactly
                    listOf(found)
            }
        }

    @TestFactory
    fun `leaves alone what only looks like one`(): List<DynamicTest> =
        listOf(
            "a@b",
            "@handle",
            "one..@",
            "a.@two",
            "version 1.2.3",
            "256.1.1.1",
            "std::vector",
            "12:30:45",
            "4111 1111 1111 1112",
            "1234567890123456",
            "GB82WEST12345698765433",
            "XX00 1234 5678 9012",
            "000-12-3456",
            "666-12-3456",
            "912-12-3456",
            "123-00-1234",
            "main.rs and readme.md",
            "e.g.this",
            "https://",
            "call 12 or 34",
            "",
            "\u0000\uD800",
        ).map { text -> dynamicTest("'$text'") { exactSpans(text) shouldBe emptyList() } }

    @Test
    fun `an exact span stands for every learned one that it overlaps`() {
        val text = "John a@b.co Main St 5"
        val learned =
            listOf(
                Span("PERSON", 0, 6, 0.9f),
                Span("PERSON", 0, 4, 0.9f),
                Span("STREET_ADDRESS", 12, 16, 0.8f),
                Span("STREET_ADDRESS", 17, 21, 0.7f),
            )
        joined(text, listOf(exact("EMAIL_ADDRESS", 5, 11)), learned) shouldContainExactly
            listOf(Span("PERSON", 0, 4, 0.9f), exact("EMAIL_ADDRESS", 5, 11), Span("STREET_ADDRESS", 12, 21, 0.7f))
    }

    /** The bound is far above what it takes, and far below what a walk in the square of the length would. */
    @TestFactory
    fun `a text of a megabyte ends`(): List<DynamicTest> =
        listOf(
            "1",
            "@",
            "a@",
            "a@b.co ",
            "555-123-4567 ",
            "+1 650 253 0000, ",
            "1.2.",
            ":",
            "ab:",
            "DE89 ",
            "4111 1111 ",
            "www.",
            "a.",
            "http://a.b ",
            "-",
        ).map { piece ->
            dynamicTest("of '$piece'") {
                assertTimeout(Duration.ofSeconds(20)) { exactSpans(piece.repeat(1_000_000 / piece.length)) }
            }
        }
}
