package routercluster.telemetry

import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import org.slf4j.LoggerFactory
import org.slf4j.event.Level
import routercluster.policy.models.Credential
import routercluster.policy.models.Secret
import routercluster.policy.models.Upstream
import java.io.ByteArrayOutputStream

class RedactionTest {
    private val key = "sk-very-secret-1234"
    private val secret = Secret(key)
    private val credential = Credential("authorization", "Bearer ", secret)
    private val upstream = Upstream("small/a", true, "api.example", 443, model = "small", credential = credential)

    @Test
    fun `a secret never reaches a log, whatever holds it and however it is logged`() {
        for (format in LogFormat.entries) {
            val out = ByteArrayOutputStream()
            configureLogging(format, Level.TRACE, out).use {
                val log = LoggerFactory.getLogger("routercluster.test")
                log.info("key {} credential {} upstream {} all {}", secret, credential, upstream, listOf(secret, mapOf("k" to credential)))
                log
                    .atInfo()
                    .addKeyValue(
                        "secret",
                        secret,
                    ).addKeyValue("credential", credential)
                    .addKeyValue("upstream", upstream)
                    .log("fields")
                log.error("failed with $credential", IllegalStateException("no answer from $upstream with $secret"))
            }
            val text = out.toString(Charsets.UTF_8)
            text shouldContain "***"
            text shouldContain "small/a"
            text shouldNotContain key
        }
    }
}
