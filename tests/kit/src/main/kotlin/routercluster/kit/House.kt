package routercluster.kit

import routercluster.gateway.envoy.AnswerBodies
import routercluster.mock.RunningMock
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.policy.config.loadPolicy
import routercluster.policy.conversations.Conversations

/**
 * A whole installation on free ports: two simulated models, a gateway with the policy `house.yaml`, and Envoy in front of it
 * where asked for.
 *
 * | a prompt with | is decided as | goes to |
 * |---|---|---|
 * | `stacktrace` | `code` | `large`, then `small` |
 * | `opening hours` | `hours` | nobody: a fixed answer |
 * | `nowhere` | `nowhere` | `gone`, whose two upstreams refuse connections |
 * | `payroll` | `payroll` | `large`, if the caller is known as `boss` |
 * | 2,000 tokens or more | `long` | `large` |
 * | anything else | nothing | `small`, the default model |
 */
class House private constructor(
    val small: RunningMock,
    val large: RunningMock,
    private val installation: Installation,
) : AutoCloseable {
    val port: Int get() = installation.port
    val envoy: EnvoyProcess? get() = installation.envoy

    /** Where operators go. */
    val adminPort: Int get() = installation.adminPort

    /** Makes both models sound again and lets them forget what they saw. */
    fun reset() {
        for (model in listOf(small, large)) {
            model.script = Script()
            model.reset()
        }
    }

    fun awaitIdle() = installation.awaitIdle()

    override fun close() {
        installation.close()
        small.close()
        large.close()
    }

    companion object {
        const val BODY_BYTES_MAX = 4 * 1024 * 1024
        const val SMALL_KEY = "key-of-small"
        const val LARGE_KEY = "key-of-large"

        /**
         * @param behindEnvoy skips the calling test, visibly, where Envoy is not installed
         * @param answerBodies how answers pass the router behind Envoy
         * @param conversations of the Responses API; null does not offer it
         */
        fun open(
            behindEnvoy: Boolean = false,
            answerBodies: AnswerBodies = AnswerBodies.STREAMED,
            conversations: Conversations? = null,
        ): House {
            if (behindEnvoy) EnvoyProcess.requireBinary()
            val small = mockLlm()
            val large = mockLlm()
            val environment =
                mapOf(
                    "SMALL_PORT" to "${small.port}",
                    "LARGE_PORT" to "${large.port}",
                    "SMALL_KEY" to SMALL_KEY,
                    "LARGE_KEY" to LARGE_KEY,
                )
            val text = checkNotNull(House::class.java.getResource("/house.yaml")).readText()
            val policy = loadPolicy(text, "house.yaml", environment::get)
            return House(small, large, Installation.open(policy, behindEnvoy, answerBodies, conversations = conversations))
        }
    }
}
