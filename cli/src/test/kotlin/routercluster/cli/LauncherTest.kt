package routercluster.cli

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

class LauncherTest {
    private val root = generateSequence(Path.of("").toAbsolutePath()) { it.parent }.first { Files.exists(it.resolve("router")) }

    @Test
    fun `without a JDK the launcher says how to install one`() {
        val process = ProcessBuilder("$root/router", "version")
            .apply {
                environment()["ROUTER_JAVA_HOME"] = "/none"
            }.redirectErrorStream(true)
            .start()
        val out = process.inputStream.bufferedReader().readText()
        process.waitFor(1, TimeUnit.MINUTES) shouldBe true
        process.exitValue() shouldBe 1
        out shouldContain "needs a JDK, version 17 or newer"
        out shouldContain "apt install openjdk-17-jdk-headless"
    }
}
