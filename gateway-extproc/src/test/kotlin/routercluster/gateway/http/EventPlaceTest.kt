package routercluster.gateway.http

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory

class EventPlaceTest {
    @TestFactory
    fun `between events, or within one`(): List<DynamicTest> =
        listOf(
            emptyList<String>() to true,
            listOf("data: 1\n\n") to true,
            listOf("data: 1\r\n\r\n") to true,
            listOf("data: 1\n\ndata: 2") to false,
            listOf("data: 1\n") to false,
            listOf("data: 1\n", "\n") to true,
            listOf("data: 1", "\r\n", "\r", "\n") to true,
            listOf("data: 1\n\n", "d", "ata: 2\n") to false,
            listOf("data: 1\n", "", "\n", "\n") to true,
        ).map { (chunks, between) ->
            dynamicTest("$chunks") {
                val place = EventPlace()
                chunks.forEach { place.passed(it.toByteArray()) }
                place.isBetweenEvents shouldBe between
            }
        }
}
