package routercluster.policy.models

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class UpstreamTest {
    private class Row(val upstream: Upstream, val asked: String, val sent: String)

    private fun upstream(base: String = "", version: String = "/v1", chat: String? = null, query: String? = null) =
        Upstream("m/u", tls = false, "host", 80, base, chat, query, "m", versionPath = version)

    @Test
    fun `paths are mapped`() {
        listOf(
            Row(upstream(), "/v1/chat/completions", "/v1/chat/completions"),
            Row(upstream("/proxy"), "/v1/embeddings", "/proxy/v1/embeddings"),
            Row(upstream("/v1beta/openai", ""), "/v1/chat/completions", "/v1beta/openai/chat/completions"),
            Row(upstream("/v1beta/openai", ""), "/v1/embeddings", "/v1beta/openai/embeddings"),
            Row(upstream(chat = "/chat/completions"), "/v1/chat/completions", "/chat/completions"),
            Row(upstream(chat = "/chat/completions"), "/v1/models", "/v1/models"),
            Row(upstream("/deployments/x", "", query = "api-version=1"), "/v1/embeddings", "/deployments/x/embeddings?api-version=1"),
            Row(upstream(query = "a=1"), "/v1/files?limit=2", "/v1/files?limit=2&a=1"),
            Row(upstream("/b", ""), "/v1beta/other", "/b/v1beta/other"),
        ).forEach { withClue(it.asked) { it.upstream.pathFor(it.asked) shouldBe it.sent } }
    }
}
