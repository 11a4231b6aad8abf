package routercluster.policy.config

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.FailureClass
import routercluster.policy.Forwarding
import routercluster.policy.GatewaySettings
import routercluster.policy.IdentityHeaders
import routercluster.policy.Limits
import routercluster.policy.Listener
import routercluster.policy.OtlpProtocol
import routercluster.policy.Policy
import routercluster.policy.ServerTls
import routercluster.policy.Strategy
import routercluster.policy.TracingSettings
import routercluster.policy.decisions.Predicate
import routercluster.policy.decisions.Rule
import routercluster.policy.models.LoadBalancing
import routercluster.policy.models.ModelCard
import routercluster.policy.models.Pricing
import routercluster.policy.models.ReasoningFamily
import routercluster.policy.models.Reliability
import routercluster.policy.models.Upstream
import routercluster.policy.outcomes.HintKind
import routercluster.policy.plugins.Plugin
import routercluster.policy.selectors.StaticSelector
import routercluster.policy.selectors.WeightedSelector
import routercluster.policy.signals.OnError
import routercluster.policy.signals.SignalRef
import java.time.Duration

class AcceptedPolicyTest {
    private val environment = mapOf("SMALL_KEY" to "sk-small", "CLOUD_KEY" to "sk-cloud")

    private fun policyOf(text: String): Policy =
        when (val outcome = provePolicy(text, "p.yaml", environment::get, stubFamilies)) {
            is PolicyOutcome.Proven -> outcome.policy
            is PolicyOutcome.Refused -> throw InvalidPolicy(outcome.problems)
        }

    private val policy: Policy by lazy { policyOf(resource("full.yaml")) }

    private fun resource(name: String): String = checkNotNull(javaClass.getResource("/policies/$name")) { name }.readText()

    @Test
    fun `listeners, names and settings are proven`(): Unit =
        assertSoftly {
            policy.listeners shouldBe
                listOf(
                    Listener("main", "0.0.0.0", 8899, Duration.ofSeconds(90)),
                    Listener("local", "::1", 0, Duration.ofSeconds(300)),
                )
            policy.defaultModel shouldBeSameInstanceAs policy.models["small"]
            policy.defaultEffort shouldBe "low"
            policy.autoNames shouldBe setOf("vllm-sr/auto", "auto", "house")
            policy.entrypoints shouldBe mapOf("team/private" to "private", "team/default" to "default")
            policy.listModels shouldBe true
            policy.clearRouteCache shouldBe false
            policy.metrics shouldBe false
            policy.identity shouldBe IdentityHeaders("x-user", "x-groups", failOpen = true)
            policy.tracing shouldBe
                TracingSettings(
                    enabled = true,
                    "http://collector:4317",
                    OtlpProtocol.GRPC,
                    0.25,
                    "edge",
                    mapOf("service.version" to "7", "deployment.environment.name" to "test"),
                )
            policy.gateway shouldBe
                GatewaySettings(
                    Limits(1_048_576, 32, 100, 64, 16_384, 256),
                    Forwarding(
                        4,
                        Duration.ofMillis(500),
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(15),
                        Duration.ofSeconds(90),
                        setOf(FailureClass.CONNECT, FailureClass.CREDENTIALS),
                        10,
                        Duration.ofMillis(800),
                        2,
                        Duration.ofMillis(10),
                        Duration.ofSeconds(1),
                    ),
                    listOf("10.0.0.0/8", "fd00::/8", "127.0.0.1"),
                    50,
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(1),
                    setOf("small/local", "large/backend-0", "clouds/azure", "clouds/azure-new"),
                    setOf("large/backend-0"),
                    ServerTls("tls/router.crt", "tls/router.key", "tls/envoys.crt"),
                    decisionsKeptFor = Duration.ofHours(1),
                    feedbackPerIdentityMax = 7,
                    hints = setOf(HintKind.TOOL_CALLS, HintKind.RETRIES),
                )
        }

    @Test
    fun `models are proven with their cards, prices and reliability`() {
        val small = policy.models.getValue("small")
        assertSoftly {
            policy.models.keys.toList() shouldBe listOf("small", "large", "clouds")
            small.card shouldBe ModelCard("Quick.", "8B", 131_072, listOf("chat", "tools"), 0.83, "ar", listOf("fast"), listOf("code"))
            small.pricing shouldBe Pricing("EUR", 0.18, 0.42, 0.04, 0.225)
            small.reasoning shouldBe ReasoningFamily("qwen", ReasoningFamily.Type.CHAT_TEMPLATE_KWARGS, "enable_thinking")
            small.reliability shouldBe
                Reliability(
                    LoadBalancing.LEAST_REQUEST,
                    2,
                    "/health",
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(2),
                    3,
                    Duration.ofSeconds(20),
                    40,
                    setOf(FailureClass.CONNECT, FailureClass.SERVER_ERROR),
                )
            policy.models.getValue("large").reasoning shouldBe
                ReasoningFamily("gpt", ReasoningFamily.Type.REASONING_EFFORT, "reasoning.effort")
            policy.models.getValue("large").reliability shouldBe Reliability()
        }
    }

    private fun shown(upstream: Upstream): String {
        val key = upstream.credential?.let { "${it.header}: ${it.prefix}${it.secret.reveal()}" }
        return "$upstream ${upstream.pathFor("/v1/chat/completions")} ${upstream.pathFor("/v1/embeddings")} " +
            "model=${upstream.model} weight=${upstream.weight} key=$key headers=${upstream.headers}"
    }

    @Test
    fun `each upstream has its own address, paths, name and key`() {
        policy.models.values
            .flatMap { it.upstreams }
            .map(::shown) shouldContainExactly
            listOf(
                "small/local(http://[::1]:8000) /v1/chat/completions /v1/embeddings " +
                    "model=small-v2 weight=80 key=authorization: Bearer sk-small headers={}",
                "small/cloud(https://api.example.com:443) /v1/chat/completions?api-version=2025-03-01 " +
                    "/v1/embeddings?api-version=2025-03-01 model=gpt-small weight=1 key=x-key: Token sk-written headers={x-tenant=t1}",
                "large/backend-0(https://10.0.0.1:8443) /chat /v1/embeddings model=large weight=1 key=null headers={}",
                "clouds/azure(https://r.openai.azure.com:443/openai/deployments/big%20one) " +
                    "/openai/deployments/big%20one/chat/completions?api-version=2024-10-21 " +
                    "/openai/deployments/big%20one/embeddings?api-version=2024-10-21" +
                    " model=big one weight=1 key=api-key: sk-cloud headers={}",
                "clouds/azure-new(https://r.openai.azure.com:443/openai) /openai/v1/chat/completions /openai/v1/embeddings " +
                    "model=big one weight=1 key=null headers={}",
                "clouds/gemini(https://generativelanguage.googleapis.com:443/v1beta/openai) /v1beta/openai/chat/completions " +
                    "/v1beta/openai/embeddings model=big one weight=1 key=null headers={}",
                "clouds/bedrock(https://bedrock.example.com:443/openai) /openai/v1/chat/completions /openai/v1/embeddings " +
                    "model=big one weight=1 key=null headers={}",
                "clouds/minimax(https://api.minimax.io:443) /v1/chat/completions /v1/embeddings model=big one weight=1 key=null headers={}",
                "clouds/proxy(http://proxy:80/llm) /llm/custom /llm/embeddings model=big one weight=1 key=null headers={}",
            )
    }

    @Test
    fun `recipes have their own signals and decisions`() {
        val default = policy.recipes.getValue("default")
        val private = policy.recipes.getValue("private")
        assertSoftly {
            default.strategy shouldBe Strategy.CONFIDENCE
            private.strategy shouldBe Strategy.PRIORITY
            default.signals.map { it.ref } shouldContainExactly
                listOf(SignalRef("keyword", "urgent"), SignalRef("structure", "questions"), SignalRef("authz", "admin"))
            private.signals.map { it.ref } shouldContainExactly listOf(SignalRef("keyword", "urgent"))
            private.decisions.map { it.name } shouldBe listOf("escalate")
        }
    }

    @Test
    fun `decisions are resolved`() {
        val (escalate, always) = policy.recipes.getValue("default").decisions
        val models = policy.models
        assertSoftly {
            escalate.rule shouldBe
                Rule.And(
                    listOf(
                        Rule.Leaf(0, null, OnError.NO_MATCH),
                        Rule.Or(
                            listOf(
                                Rule.Leaf(1, Predicate(gte = 4.0, lt = 1e3), OnError.MATCH),
                                Rule.Not(Rule.Leaf(2, null, OnError.BLOCK)),
                            ),
                        ),
                    ),
                )
            escalate.description shouldBe "Hard and urgent."
            escalate.priority shouldBe 200
            escalate.tier shouldBe 2
            escalate.annotations shouldBe mapOf("owner" to "team-a")
            escalate.candidates shouldBe
                listOf(
                    Candidate(models.getValue("large"), 0.6, reasoning = true, effort = "high"),
                    Candidate(models.getValue("small"), 0.4, reasoning = false, lora = "code"),
                    Candidate(models.getValue("small")),
                )
            escalate.algorithm shouldBe "weighted"
            escalate.selector shouldBe WeightedSelector
            escalate.plugins shouldBe
                listOf(
                    Plugin.SystemPrompt("You cost \$5.", Plugin.SystemPrompt.Mode.REPLACE),
                    Plugin.HeaderMutation(listOf("x-tier" to "gold"), listOf("x-source" to "router"), listOf("x-debug")),
                    Plugin.RequestParams(setOf("logprobs"), 8192, 4, stripUnknown = true),
                )
            always.rule shouldBe Rule.And(emptyList())
            always.candidates shouldBe emptyList()
            always.selector shouldBe StaticSelector
            always.plugins shouldBe listOf(Plugin.FastResponse("Closed."))
        }
    }

    private val smallest =
        """
        version: v0.3
        providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
        routing: {}
        """.trimIndent()

    @Test
    fun `the smallest policy has every default`() {
        val policy = policyOf(smallest)
        assertSoftly {
            policy.defaultModel.name shouldBe "m"
            policy.autoNames shouldBe setOf("vllm-sr/auto", "auto", "MoM")
            policy.recipes.keys shouldBe setOf("default")
            policy.recipes.getValue("default").strategy shouldBe Strategy.PRIORITY
            policy.gateway shouldBe GatewaySettings()
            policy.identity shouldBe IdentityHeaders()
            policy.tracing shouldBe null
            policy.metrics shouldBe true
            policy.clearRouteCache shouldBe true
            policy.listModels shouldBe false
        }
    }

    @Test
    fun `the revision is the SHA-256 of the text, whatever the environment`() {
        // printf of the text piped to sha256sum
        policyOf(smallest).revision shouldBe "abb14b91d4b1bb532d0be27fb0ff02933e55fff01b4ad68875c38b1c92718848"
        (policyOf("$smallest\n").revision == policyOf(smallest).revision) shouldBe false
    }

    @Test
    fun `auto names follow the file`() {
        listOf(
            "auto_model_name: x" to setOf("vllm-sr/auto", "auto", "x"),
            "auto_model_names: [x, y]" to setOf("x", "y"),
            "auto_model_name: z, auto_model_names: [x, y]" to setOf("x", "y", "z"),
        ).forEach { (keys, names) ->
            withClue(keys) { policyOf("$smallest\nglobal: {router: {$keys}}").autoNames shouldBe names }
        }
    }

    @Test
    fun `anchors, aliases and merge keys are understood`() {
        val policy =
            policyOf(
                """
                version: v0.3
                providers:
                  defaults: {default_model: a}
                  models:
                    - &base {name: a, backend_refs: [{endpoint: "localhost:1"}]}
                    - {<<: *base, name: b}
                routing: {}
                """.trimIndent(),
            )
        policy.models.values.map { "${it.name} ${it.upstreams.single()}" } shouldBe
            listOf("a a/backend-0(http://localhost:1)", "b b/backend-0(http://localhost:1)")
    }

    @Test
    fun `loadPolicy throws with every problem, one a line`() {
        val thrown = shouldThrow<InvalidPolicy> { loadPolicy("version: v0.3", "x.yaml", environment::get) }
        thrown.message shouldBe thrown.problems.joinToString("\n")
        thrown.problems.map { it.at.path } shouldBe listOf("providers", "routing")
    }
}
