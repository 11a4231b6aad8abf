package routercluster.cli

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.cli.learning.learning
import java.nio.file.Files
import java.nio.file.Path

/** Export and import against a server that notes what it is asked. */
class LearningTest {
    @TempDir
    lateinit var folder: Path

    private val router = NotingRouter()
    private val asked get() = router.asked

    @AfterEach
    fun close() = router.close()

    private fun run(vararg args: String) = record(learning(), "learning", *args, "--admin", router.address)

    @Test
    fun `an export is written as it came`() {
        router.answer = 200 to """{"decisions": [{}]}"""
        val file = folder.resolve("learnt.json")
        run("export", "--decision", "a b", "--out", "$file").err shouldContain "1 decision in"
        asked shouldBe listOf("GET /learning?decision=a+b")
        Files.readString(file).trim() shouldBe router.answer.second
        run("export").out shouldContain "decisions"
    }

    @Test
    fun `an import says what changes, and what is left out`() {
        router.answer = 200 to
            """
            {"mode": "prior", "policy_revision": "a", "file_policy_revision": "b", "decisions": [
              {"recipe": "default", "decision": "code", "state": "would_change", "unknown_models": ["former"], "models": [
                {"model": "large", "before": {"attempts": 1, "good": 0, "bad": 0}, "after": {"attempts": 1, "good": 15.25, "bad": 5}}]},
              {"recipe": "default", "decision": "gone", "state": "unknown_decision"}]}
            """.trimIndent()
        val file = Files.writeString(folder.resolve("seed.json"), "{}")
        val told = run("import", "$file", "--mode", "prior", "--weight", "20", "--dry-run").out
        asked shouldBe listOf("POST /learning?mode=prior&weight=20.0&dry_run=true {}")
        told shouldContain "15.3 good, 5.0 bad"
        told shouldContain "default/code: former is no candidate, so it is left out"
        told shouldContain "default/gone: the policy has no such decision"
        told shouldContain "the file was written under another policy"
        told shouldContain "Nothing was changed"
    }

    @Test
    fun `what the router refuses is the command's failure`() {
        router.answer = 400 to """{"error": {"message": "the file cannot be used, nothing was changed: it is not JSON"}}"""
        val file = Files.writeString(folder.resolve("bad.json"), "{")
        val told = run("import", "$file", "--mode", "merge")
        told.status shouldBe ExitStatus.REFUSED
        told.err shouldContain "it is not JSON"
        run("import", "$file", "--mode", "merge", "--weight", "2").status shouldBe ExitStatus.USAGE
    }
}
