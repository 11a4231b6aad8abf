package routercluster.cli.discovery

import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import org.snakeyaml.engine.v2.api.Load
import org.snakeyaml.engine.v2.api.LoadSettings

class StarterPolicyTest {
    private val openAi = Provider(ProviderKind.OPENAI, listOf(FoundModel("mini", 100.0), FoundModel("big", 1_000.0)))
    private val ollama = Provider(ProviderKind.OLLAMA, listOf(FoundModel("local: \"x\" #1", 8.0)))

    private fun Any?.at(vararg path: Any): Any? =
        path.fold(this) { node, key ->
            when (key) {
                is Int -> (node as List<*>)[key]
                else -> (node as Map<*, *>)[key]
            }
        }

    private fun parsed(vararg found: Provider): Any? = Load(
        LoadSettings.builder().build(),
    ).loadFromString(starterPolicy(found.toList(), 8898))

    private fun Any?.names(vararg path: Any): List<Any?> = (at(*path) as List<*>).map { it.at("name") }

    @Test
    fun `sends easy questions to the weakest model and hard ones to the strongest`() {
        val policy = parsed(openAi, ollama)
        policy.at("providers", "defaults", "default_model") shouldBe "local: \"x\" #1"
        policy.names("providers", "models") shouldBe listOf("mini", "big", "local: \"x\" #1")
        policy.at("routing", "decisions", 0, "modelRefs", 0, "model") shouldBe "big"
        policy.at("routing", "decisions", 0, "modelRefs", 1, "model") shouldBe "local: \"x\" #1"
        policy.at("routing", "decisions", 2, "modelRefs", 0, "model") shouldBe "local: \"x\" #1"
    }

    @Test
    fun `every condition names a signal that is there`() {
        val policy = parsed(openAi)
        val signals =
            mapOf("keyword" to "keywords", "structure" to "structure", "context" to "context").flatMap { (type, key) ->
                policy.names("routing", "signals", key).map { type to it }
            }
        (policy.at("routing", "decisions") as List<*>).flatMap { it.at("rules", "conditions") as List<*> }.forEach {
            (it.at("type") to it.at("name")) shouldBeIn signals
        }
    }

    @Test
    fun `a single model serves everything`() {
        (parsed(ollama).at("routing", "decisions", 0, "modelRefs") as List<*>).size shouldBe 1
    }

    @Test
    fun `names the variable that holds a key`() {
        parsed(openAi).at("providers", "models", 0, "backend_refs", 0, "api_key_env") shouldBe "OPENAI_API_KEY"
    }

    @Test
    fun `where nothing was found the models are simulated and the file says so`() {
        starterPolicy(emptyList(), 8898) shouldContain "these models are simulated"
        val policy = parsed()
        policy.names("providers", "models") shouldBe SIMULATED_MODELS
        policy.at("providers", "models", 1, "backend_refs", 0, "endpoint") shouldBe "127.0.0.1:8898"
        policy.at("providers", "defaults", "default_model") shouldBe "sim-small"
    }

    @Test
    fun `two providers with one model name give one model`() {
        val twice = Provider(ProviderKind.VLLM, listOf(FoundModel("mini", 3.0)))
        parsed(openAi, twice).names("providers", "models") shouldBe listOf("mini", "big")
    }
}
