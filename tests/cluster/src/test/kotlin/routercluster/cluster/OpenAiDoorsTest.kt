package routercluster.cluster

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.cluster.fleet.ServedCluster
import routercluster.cluster.fleet.servedPolicy
import routercluster.kit.process.ChildProcess
import routercluster.kit.process.RedisProcess
import routercluster.kit.run
import routercluster.kit.venvProgram
import routercluster.mock.Answer
import routercluster.mock.Script
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration

/** The official OpenAI client for Python, and a node that dies. */
class OpenAiDoorsTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `the official client goes on through another door when the node that has its conversations is killed`() {
        val python = venvProgram("python")
        val found = python != null && run(listOf("$python", "-c", "import openai"), folder, SECONDS_MAX).status == 0
        assumeTrue(found, "The Python module openai is not installed: run ./router test")
        val script = Path.of(checkNotNull(javaClass.getResource("/openai_doors.py")) { "the script is missing" }.toURI())
        RedisProcess.start().use { redis ->
            ServedCluster(
                // The third, since of two nodes only the one with the lower address outlives the other.
                listOf("all", "all", "silo"),
                Script(answer = Answer.Echo, models = listOf("small")),
                { servedPolicy(it, redisPort = redis.port) },
            ).use { cluster ->
                cluster.start()
                val doors = cluster.nodes.take(2).map { "${it.door}/v1" }
                ChildProcess.start("openai", listOf("$python", "$script") + doors + "$folder").use { client ->
                    client.await("conversations at the node of the first door", PATIENCE) {
                        Unit.takeIf { Files.exists(folder.resolve("made")) && cluster.awake(0, "conversation") >= FEW }
                    }
                    Files.createFile(folder.resolve("enough"))
                    client.await("kept conversations", PATIENCE) { Unit.takeIf { Files.exists(folder.resolve("kept")) } }
                    cluster.nodes.first().kill()
                    Files.createFile(folder.resolve("killed"))
                    val ended = client.endsWithin(PATIENCE)
                    withClue(client.log() + "\n" + cluster.logs()) {
                        ended shouldBe true
                        client.log().trim() shouldEndWith "all held"
                    }
                }
            }
        }
    }

    private companion object {
        const val FEW = 3
        const val SECONDS_MAX = 60L
        val PATIENCE: Duration = Duration.ofSeconds(120)
    }
}
