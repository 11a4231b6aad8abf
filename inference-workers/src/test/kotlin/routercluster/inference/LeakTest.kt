package routercluster.inference

import io.kotest.assertions.withClue
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.inference.tiny.Bundle
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Passage
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

private const val CALLERS = 100
private val status = Path.of("/proc/self/status")

class LeakTest {
    @TempDir
    lateinit var folder: Path

    /** In a process of its own, whose heap has one size from the start: what grows then is memory outside it. */
    @Test
    fun `memory stays flat over 200,000 texts`() {
        assumeTrue(Files.exists(status), "memory of the process is read from /proc")
        Bundle(folder)
        val classPath = System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")
        val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
        val heap = listOf("-Xms128m", "-Xmx128m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC")
        val child =
            ProcessBuilder(listOf(java) + heap + listOf("-cp", classPath, "routercluster.inference.LeakTestKt", folder.toString()))
                .redirectErrorStream(true)
                .start()
        val output = child.inputReader().readText()
        withClue(output) {
            child.waitFor(5, TimeUnit.MINUTES) shouldBe true
            child.exitValue() shouldBe 0
            val growth = output
                .lines()
                .first { it.startsWith(RESULT) }
                .removePrefix(RESULT)
                .trim()
            growth.toLong() shouldBeLessThan ALLOWED_KILOBYTES
        }
    }

    private companion object {
        /** A leak of 100 bytes a text would pass it. */
        const val ALLOWED_KILOBYTES = 20_000L
    }
}

private const val RESULT = "grown by KB:"

/** Prints by how much the process grew between the 50,000th and the 250,000th text. */
fun main(arguments: Array<String>) {
    openTiny(Path.of(arguments.single()), batch = BatchBounds(wait = Duration.ofMinutes(1))).use { encoder ->
        encode(encoder, 50_000)
        val before = residentKilobytes()
        encode(encoder, 200_000)
        println("$RESULT ${residentKilobytes() - before}")
    }
}

private fun encode(encoder: OnnxEncoder, count: Int) {
    for (round in 0 until count / CALLERS) {
        val replies =
            List(CALLERS) { i ->
                val passage = Passage("john lives in paris ${round + i}", setOf(tiny("topic"), tiny("pii"), tiny("embedding")))
                encoder.encode(EncodeRequest(listOf(passage), Duration.ofMinutes(1))).toCompletableFuture()
            }
        CompletableFuture.allOf(*replies.toTypedArray()).get(60, TimeUnit.SECONDS)
    }
}

private fun residentKilobytes(): Long =
    Files
        .readAllLines(status)
        .first { it.startsWith("VmRSS") }
        .filter(Char::isDigit)
        .toLong()
