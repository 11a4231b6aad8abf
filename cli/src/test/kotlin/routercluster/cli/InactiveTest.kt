package routercluster.cli

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.cli.serve.Running
import routercluster.cli.serve.Serve
import routercluster.cli.serve.ServeSettings
import java.nio.file.Files
import java.nio.file.Path

/** A policy that asks for what is not built yet: readers take it, `serve` only when it is told to. */
class InactiveTest {
    @TempDir
    lateinit var folder: Path

    private val file by lazy { "${Files.writeString(folder.resolve("p.yaml"), TEXT)}" }
    private var started: ServeSettings? = null

    private fun serve() =
        Serve(
            ::loadWithFiles,
            log = { _, _ -> AutoCloseable {} },
            start = {
                started = it
                object : Running {
                    override val port = 1
                    override val extProcPort = 2
                    override val adminPort = 3

                    override fun close() = Unit
                }
            },
            simulate = { error("nothing is simulated") },
            wait = { running, _ -> running.close() },
        )

    private fun real(name: String) = commands().single { it.commandName == name }

    @Test
    fun `validate accepts it and names what is inactive`() {
        val found = record(real("validate"), "validate", file)
        found.status shouldBe 0
        found.out.lines().dropLast(1) shouldBe
            listOf("inactive: $file:8:5: global.services.ratelimit: $RATE_LIMIT", "inactive: $file:5:59: $RAG_AT: $RAG")
        found.out shouldContain "2 features inactive (serve refuses them without --allow-inactive)"
        val json = parseJson(record(real("validate"), "validate", file, "--json").out)
        json?.path("inactive")?.map { it.path("feature").asText() to it.path("protects").asBoolean() } shouldBe
            listOf("ratelimit" to true, "rag" to false)
    }

    @Test
    fun `explain accepts it`() {
        record(real("explain"), "explain", file, "--prompt", "hello").status shouldBe 0
    }

    @Test
    fun `serve refuses it and names what protects first`() {
        val refused = record(serve(), "serve", "--config", file)
        refused.status shouldBe ExitStatus.REFUSED
        refused.err shouldBe
            """
            $file:8:5: global.services.ratelimit: $RATE_LIMIT
            $file:5:59: $RAG_AT: $RAG
            $file: asks for 2 features not built yet; --allow-inactive serves it without them
            """.trimIndent()
        started shouldBe null
    }

    @Test
    fun `serve takes it where it is told to`() {
        val environment = mapOf("ROUTER_ALLOW_INACTIVE" to "true")
        listOf(
            record(serve(), "serve", "--config", file, "--allow-inactive"),
            record(serve(), "serve", "--config", file, environment = environment),
        ).forEach { it.status shouldBe 0 }
        started?.allowInactive shouldBe true
    }

    @Test
    fun `the schema knows every part`() {
        val schema = parseJson(record(real("schema"), "schema").out)
        schema?.path("properties")?.properties()?.map { it.key } shouldBe
            listOf("version", "listeners", "providers", "routing", "entrypoints", "recipes", "global", "gateway")
    }

    private companion object {
        const val RATE_LIMIT = "ratelimit (protects) is not built yet: nobody's requests are limited"
        const val RAG = "rag is not built yet: nothing is retrieved"
        const val RAG_AT = "routing.decisions[0].plugins[0].type"
        val TEXT =
            """
            version: v0.3
            providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
            routing:
              decisions:
                - {name: d, modelRefs: [{model: m}], plugins: [{type: rag, configuration: {backend: milvus}}]}
            global:
              services:
                ratelimit: {providers: []}
            """.trimIndent()
    }
}
