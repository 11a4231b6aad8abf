package routercluster.vectorstore

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.io.TempDir
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.NearQuery
import routercluster.policy.vectors.Part
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.Scope
import routercluster.vectorstore.embedded.EmbeddedSettings
import routercluster.vectorstore.embedded.EmbeddedVectorStore
import java.nio.file.Path
import java.time.Clock
import java.time.Duration
import java.util.SplittableRandom
import java.util.concurrent.TimeUnit

class KillTest {
    @TempDir
    lateinit var folder: Path

    @Test
    @Timeout(120)
    fun `a process that is killed while it writes leaves all that was committed, and nothing that is wrong`() {
        var committed = 0
        for (round in 1..ROUNDS) {
            committed = written(committed, batches = 15 * round)
            store(folder).use { store ->
                val points = get(store.open(SPEC))
                val found = pages(points, setOf(Part.BODY)).flatMap { it.entries }.associateBy { it.id }
                withClue("round $round") { found.keys shouldContainAll (0 until committed).map(Int::toString) }
                for ((id, entry) in found) entry.body?.toList() shouldBe point(id.toInt()).body.toList()
                for (number in 0 until committed step 97) {
                    val best = get(points.search(NearQuery(point(number).vector, Scope(setOf("p")), 1))).single()
                    best.entry.id shouldBe "$number"
                }
            }
        }
    }

    /** Starts a writer at [from], kills it after [batches] lines with a commit among them, and answers how many points it said were committed. */
    private fun written(from: Int, batches: Int): Int {
        val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
        val command =
            listOf(java, "-Xmx256m", "-cp", System.getProperty("java.class.path"), Writer::class.java.name, folder.toString(), "$from")
        val process = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        try {
            val lines = process.inputStream
                .bufferedReader()
                .lineSequence()
                .iterator()
            val said = ArrayList<String>()
            // A quick machine writes all of them before its first commit.
            while (said.size < batches || said.none { it.startsWith("committed ") }) said += lines.next()
            process.destroyForcibly()
            return said.last { it.startsWith("committed ") }.removePrefix("committed ").toInt()
        } finally {
            process.destroyForcibly().waitFor(20, TimeUnit.SECONDS)
        }
    }

    /** Puts points until it is killed, and says how many it has put, and at times how many are committed. */
    object Writer {
        @JvmStatic
        fun main(arguments: Array<String>) {
            val store = store(Path.of(arguments[0]))
            val points = get(store.open(SPEC))
            var next = arguments[1].toInt()
            while (true) {
                repeat(BATCHES_PER_COMMIT) {
                    get(points.upsert((next until next + BATCH).map(::point)))
                    next += BATCH
                    println("put $next")
                }
                get(store.commit())
                println("committed $next")
            }
        }
    }

    private companion object {
        const val ROUNDS = 3
        const val BATCH = 10
        const val BATCHES_PER_COMMIT = 7
        val SPEC = CollectionSpec(CollectionId("killed", "encoder", "1"), 32)

        fun store(folder: Path) =
            EmbeddedVectorStore.open(
                EmbeddedSettings(folder, commitInterval = Duration.ofMillis(20), refreshInterval = Duration.ofMillis(1)),
                Clock.systemUTC(),
            )

        fun point(number: Int): Point {
            val random = SplittableRandom(number.toLong())
            return Point("p", "$number", random.vector(32), body = ByteArray(200).also(random::nextBytes))
        }
    }
}
