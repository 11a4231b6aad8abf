package routercluster.policy.request

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException

class Utf8Test {
    @Test
    fun `agrees with the strict decoder of the JDK on every two-byte and boundary sequence`() {
        for (lead in 0x80..0xFF) {
            for (second in 0..0xFF) {
                for (tail in listOf("", "\u0080")) check(byteArrayOf(lead.toByte(), second.toByte()) + tail.toByteArray().drop(1))
                check(byteArrayOf(lead.toByte(), second.toByte(), 0x80.toByte()))
                check(byteArrayOf(lead.toByte(), second.toByte(), 0xBF.toByte(), 0x80.toByte()))
                check(byteArrayOf(lead.toByte(), second.toByte(), 0xBF.toByte(), 0x7F))
            }
        }
    }

    @Test
    fun `agrees with the strict decoder of the JDK on mostly right text`() =
        seededCases(5_000) { random ->
            val bytes = List(
                random.nextInt(20),
            ) { listOf("plain ascii", "é", "漢", "😀", "\u0001")[random.nextInt(5)] }.joinToString("").toByteArray()
            if (bytes.isNotEmpty() && random.nextBoolean()) bytes[random.nextInt(bytes.size)] = random.nextInt(256).toByte()
            check(bytes)
        }

    @Test
    fun `names the first bad byte`() {
        val rows = mapOf("" to -1, "12345678" to -1, "1234567\u0000" to 7, "123456789\u0000" to 9, "é\u0000" to 2, "\u0000" to 0)
        rows.forEach { (text, at) -> withClue(text) { badByteAt(text.toByteArray()) shouldBe at } }
        badByteAt("12345678".toByteArray() + "漢".toByteArray().copyOf(2)) shouldBe 8
    }

    private fun check(bytes: ByteArray) = withClue(bytes.joinToString(" ") { "%02x".format(it) }) {
        (badByteAt(bytes) < 0) shouldBe
            isText(bytes)
    }

    private fun isText(bytes: ByteArray): Boolean =
        try {
            Charsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes))
            bytes.none { it.toInt() == 0 }
        } catch (_: CharacterCodingException) {
            false
        }
}
