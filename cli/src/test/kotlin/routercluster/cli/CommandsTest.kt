package routercluster.cli

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.cli.discovery.FoundModel
import routercluster.cli.discovery.Provider
import routercluster.cli.discovery.ProviderKind
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.Location
import routercluster.policy.config.Problem
import routercluster.policy.request.BadRequest
import routercluster.policy.request.ChatBody
import routercluster.policy.request.Identity
import java.net.ServerSocket
import java.nio.file.Files
import java.nio.file.Path

class CommandsTest {
    @TempDir
    lateinit var folder: Path

    private val problem = Problem(Location("p.yaml", "routing.strategy", 3, 5), "unknown value", "prio", "priority, confidence", "priority")
    private val accepts: LoadPolicy = { _, _, _ -> policy() }
    private val refuses: LoadPolicy = { _, _, _ -> throw InvalidPolicy(listOf(problem, problem.copy(suggestion = null))) }

    private fun file(name: String, text: String = "x"): Path = Files.writeString(folder.resolve(name), text)

    @Test
    fun `validate says what a valid file holds`() {
        val file = file("p.yaml")
        record(Validate(accepts), "validate", "$file") shouldBe
            Recorded(0, "$file: valid, 2 models, 0 decisions, revision 0123456789ab", "")
        record(Validate(accepts), "validate", "$file", "--json").out shouldBe
            "{\n  \"valid\" : true,\n  \"problems\" : [ ],\n  \"notices\" : [ ],\n  \"inactive\" : [ ],\n  \"warnings\" : [ ]\n}"
    }

    @Test
    fun `validate lists every problem and ends with 1`() {
        val file = file("p.yaml")
        val line = "p.yaml:3:5: routing.strategy: unknown value (found prio); accepted: priority, confidence"
        record(Validate(refuses), "validate", "$file") shouldBe Recorded(1, "", "$line; did you mean priority?\n$line\n$file: 2 problems")
        val json = record(Validate(refuses), "validate", "$file", "--json")
        json.status shouldBe 1
        json.out shouldContain "\"suggestion\" : \"priority\""
    }

    @Test
    fun `a file that cannot be read is named`() {
        val missing = folder.resolve("none.yaml")
        record(Validate(accepts), "validate", "$missing") shouldBe Recorded(1, "", "$missing: no such file")
        val binary = Files.write(folder.resolve("b.yaml"), byteArrayOf(-1, -2))
        record(Validate(accepts), "validate", "$binary") shouldBe Recorded(1, "", "$binary: is not UTF-8 text")
    }

    @Test
    fun `wrong usage ends with 2`() {
        record(Validate(accepts), "validate").status shouldBe ExitStatus.USAGE
        record(Validate(accepts), "validte").err shouldContain "no such subcommand validte. Did you mean validate?"
        record(Validate(accepts), "validate", "f", "--jsn").err shouldContain "Did you mean --json?"
        record(Status(), "status", "--admin", "8080").err shouldContain "8080 is not an address such as http://127.0.0.1:8080"
    }

    @Test
    fun `help shows examples and exit statuses`() {
        val help = record(Validate(accepts), "validate", "--help")
        help.status shouldBe 0
        help.out shouldContain "router validate router.yaml --json"
        help.out shouldContain "Exit status: 0 done"
    }

    private fun explain(parse: (ByteArray) -> Unit = {}) =
        Explain(
            accepts,
            { bytes, _ ->
                parse(bytes)
                ChatBody(bytes, "auto", false, false, emptyMap(), emptyMap(), emptyList(), emptyList(), 0, emptyMap())
            },
            { policy, body, identity -> Explained("${policy.defaultModel.name} $identity ${body.bytes.decodeToString()}", "{}") },
            { record -> "record $record" },
        )

    @Test
    fun `explain decides a prompt as the caller that is named`() {
        val prompt = "say \"hi\""
        record(explain(), "explain", "${file("p.yaml")}", "--prompt", prompt, "--user", "ann", "--group", "a", "--group", "b").out shouldBe
            "small ${Identity("ann", listOf("a", "b"))} " + """{"model":"auto","messages":[{"role":"user","content":"say \"hi\""}]}"""
        record(explain(), "explain", "${file("p.yaml")}", "--request", "${file("r.json", "{}")}", "--json").out shouldBe "{}"
    }

    @Test
    fun `explain refuses a bad request and unclear usage`() {
        val policy = "${file("p.yaml")}"
        record(explain { throw BadRequest(400, "invalid_json", "not JSON at byte 0") }, "explain", policy, "--prompt", "x") shouldBe
            Recorded(1, "", "--prompt: not JSON at byte 0 (invalid_json)")
        record(explain(), "explain", policy).err shouldContain "give one of --prompt, --request, --request-id"
        record(explain(), "explain", "--prompt", "x").err shouldContain "give the policy FILE to decide by"
        record(explain(), "explain", policy, "--request-id", "7").err shouldContain "leave out FILE"
    }

    @Test
    fun `explain and replay ask the running router for a record`(): Unit =
        withServer(mapOf("/decisions/7" to "{\"id\":7}\n")) { admin ->
            record(explain(), "explain", "--request-id", "7", "--admin", admin).out shouldBe "record {\"id\":7}"
            record(explain(), "explain", "--request-id", "7", "--admin", admin, "--json").out shouldBe "{\"id\":7}"
            record(explain(), "explain", "--request-id", "8", "--admin", admin).err shouldBe
                "no record of request 8; the router keeps the newest ones only"
            val replay = Replay(accepts) { record, policy -> Explained("$record by ${policy.defaultModel.name}", "{}") }
            record(replay, "replay", "7", "--policy", "${file("p.yaml")}", "--admin", admin).out shouldBe "{\"id\":7} by small"
            record(replay, "replay", "${file("r.json", "kept")}", environment = mapOf("ROUTER_CONFIG" to "${file("p.yaml")}")).out shouldBe
                "kept by small"
            record(replay, "replay", "7").err shouldContain "give the policy file to decide by"
        }

    @Test
    fun `status prints what the router says`(): Unit =
        withServer(
            mapOf("/status" to """{"policy":{"revision":"a1","models":["x","y"]},"upstreams":[{"id":"x/one","fit":true}],"none":[]}"""),
        ) { admin ->
            record(Status(), "status", "--admin", admin).out shouldBe
                "policy:\n  revision: a1\n  models: x, y\nupstreams:\n  -\n    id: x/one\n    fit: true\nnone: none"
            record(Status(), "status", "--json", environment = mapOf("ROUTER_ADMIN" to admin)).out shouldContain "\"revision\" : \"a1\""
        }

    @Test
    fun `status ends with 3 where no router runs`() {
        val free = ServerSocket(0).use { it.localPort }
        val silent = record(Status(), "status", "--admin", "http://127.0.0.1:$free")
        silent.status shouldBe ExitStatus.UNREACHABLE
        silent.err shouldContain "no router answers at http://127.0.0.1:$free"
    }

    @Test
    fun `models lists a policy's models without their keys`() {
        val command = Models(accepts)
        val file = "${file("p.yaml")}"
        record(command, "models", "--config", file).out shouldBe
            "MODEL           UPSTREAMS       PER MILLION TOKENS\nsmall  default  127.0.0.1:8000\nlarge           127.0.0.1:8000"
        val json = record(command, "models", "--config", file, "--json").out
        json shouldContain "\"name\" : \"large\""
        json shouldNotContain "sk-secret"
    }

    @Test
    fun `models shows what was learnt of each`() {
        val learnt =
            """{"decisions":[{"recipe":"default","decision":"code","models":[
            {"model":"small","frozen":null,"last_15_minutes":{"attempts":40,"success_share":0.975,"first_byte_p50_ms":81.4},
            "last_30_days":{"good_fit":7.25,"underpowered":2.0,"failed":0.0,"good_share":0.784}},
            {"model":"large","frozen":"failed attempts rose","last_15_minutes":{"attempts":0,"success_share":null,"first_byte_p50_ms":null},
            "last_30_days":{"good_fit":0.0,"underpowered":0.0,"failed":0.0,"good_share":null}}]}]}"""
        withServer(mapOf("/selection" to learnt)) { admin ->
            record(Models(accepts), "models", "--stats", "--admin", admin).out shouldBe
                """
                DECISION      MODEL  ATTEMPTS  GOOD    FIRST BYTE  VERDICTS  GOOD
                default/code  small  40        97.5 %  81 ms       9.3       78.4 %
                default/code  large  0         -       -           0.0       -       frozen: failed attempts rose
                """.trimIndent()
            record(Models(accepts), "models", "--stats", "--json", "--admin", admin).out shouldContain "\"good_fit\" : 7.25"
        }
    }

    @Test
    fun `models asks the running router where no policy is named`(): Unit =
        withServer(mapOf("/models" to """{"default":"x","models":[{"name":"x","upstreams":["x/one"]}]}""")) { admin ->
            record(Models(accepts), "models", "--admin", admin).out shouldBe "default: x\nmodels:\n  -\n    name: x\n    upstreams: x/one"
        }

    @Test
    fun `init writes once and overwrites when told to`() {
        val file = folder.resolve("new/router.yaml")
        val init = Init { listOf(Provider(ProviderKind.OLLAMA, listOf(FoundModel("a", 1.0)))) }
        record(init, "init", "$file").out shouldBe "Wrote $file for Ollama.\nNext: router serve --config $file"
        record(init, "init", "$file") shouldBe Recorded(1, "", "$file: exists already; --force overwrites it")
        record(init, "init", "$file", "--force").status shouldBe 0
        Files.readString(file) shouldContain "default_model: \"a\""
    }

    @Test
    fun `version is told to people and to programs`() {
        record(Version(), "version").out shouldContain "RouterCluster"
        parseJson(record(Version(), "version", "--json").out)?.path("java")?.asText() shouldBe System.getProperty("java.version")
    }

    @Test
    fun `envoy-config hands over where things are`() {
        val command =
            EnvoyConfig(
                accepts,
            ) { _, at -> "listen ${at.listenPort} via ${at.routerHost}:${at.extProcPort} or ${at.httpPort}, admin ${at.adminPort}\n" }
        record(command, "envoy-config", "${file("p.yaml")}", "--port", "10000", "--router-host", "router").out shouldBe
            "listen 10000 via router:50051 or 8899, admin 9901"
        record(command, "envoy-config", "${file("p.yaml")}", "--port", "70000").status shouldBe ExitStatus.USAGE
    }

    @Test
    fun `mock-llm reads its script`() {
        var seen: MockBehaviour? = null
        val simulation =
            object : Simulation {
                override val port = 4711

                override fun close() = Unit
            }
        val command =
            MockLlm({ _, _ -> AutoCloseable { } }, { behaviour, _ ->
                seen = behaviour
                simulation
            }, {})
        record(command, "mock-llm", "--first-token", "2s", "--models", "a,b", "--error-rate", "0.5", "--port", "0").out shouldBe
            "Simulated models a, b at http://127.0.0.1:4711/v1"
        seen?.firstTokenAfter?.toMillis() shouldBe 2_000
        seen?.errorRate shouldBe 0.5
        record(command, "mock-llm", "--first-token", "soon").err shouldContain "soon is not a duration such as 250ms or 2s"
        record(command, "mock-llm", "--error-rate", "2").status shouldBe ExitStatus.USAGE
    }

    @Test
    fun `completion comes from the command line library`() {
        record(Version(), "--generate-completion", "bash").out shouldContain "_router()"
    }
}
