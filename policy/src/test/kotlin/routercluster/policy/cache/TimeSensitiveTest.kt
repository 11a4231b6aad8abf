package routercluster.policy.cache

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class TimeSensitiveTest {
    @Test
    fun `what changes with time is recognised`() {
        for (text in listOf(
            "What is the weather in Oslo?",
            "Who is the current chancellor?",
            "latest news about rust",
            "What time is it in Tokyo?",
            "Wie ist das Wetter heute?",
            "Quelle est la météo ?",
            "What is the stock price of ACME?",
            "Plans for 2027?",
        )) {
            (TimeSensitive.mark(text, 2026) != null) shouldBe true
        }
    }

    @Test
    fun `what lasts is not`() {
        for (text in listOf(
            "What is the capital of France?",
            "Explain currency and currents",
            "How did the war of 1812 end?",
            "Who won in 2018?",
            "Write a newsletter about gardening",
            "Resistance of 20260 ohms",
        )) {
            TimeSensitive.mark(text, 2026) shouldBe null
        }
    }
}
