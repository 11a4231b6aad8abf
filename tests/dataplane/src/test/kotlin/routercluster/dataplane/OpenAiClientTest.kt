package routercluster.dataplane

import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource
import routercluster.gateway.gateway
import routercluster.kit.House
import routercluster.policy.config.loadPolicy
import java.nio.file.Path

/** The official OpenAI client for Python, as it is installed from PyPI, finds nothing odd. */
class OpenAiClientTest {
    @TempDir
    lateinit var folder: Path

    @ParameterizedTest(name = "behind Envoy: {0}")
    @ValueSource(booleans = [false, true])
    fun `the official client is content with either door`(behindEnvoy: Boolean) {
        requireModule("openai", folder)
        House.open(behindEnvoy).use { house -> runPython("openai_client.py", folder, "http://127.0.0.1:${house.port}/v1") }
    }

    @Test
    fun `it gets vectors from the encoder of this program, on the admin port and through a door`() {
        requireModule("openai", folder)
        gateway(onFreePorts(bundledPolicy(), encoders = true)).use { encoding ->
            val policy =
                """
                version: v0.3
                providers:
                  models:
                    - {name: vectors, provider_model_id: default, backend_refs: [{endpoint: "127.0.0.1:${encoding.adminPort}", protocol: http}]}
                """
            gateway(onFreePorts(loadPolicy(policy.trimIndent(), "p.yaml", { null }))).use { door ->
                runPython("openai_embeddings.py", folder, "http://127.0.0.1:${encoding.adminPort}/v1", "http://127.0.0.1:${door.port}/v1")
            }
        }
    }
}
