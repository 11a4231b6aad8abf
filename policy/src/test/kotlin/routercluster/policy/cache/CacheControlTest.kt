package routercluster.policy.cache

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.request.BadRequest
import java.time.Duration

class CacheControlTest {
    private val all = CacheControl.words.toSet()

    private fun of(own: String? = null, standard: String? = null, allowed: Set<String> = all) =
        CacheControl.of(own, standard, allowed, "x-vsr-cache-control")

    @Test
    fun `nothing said is nothing wanted`() {
        of() shouldBe CacheControl.NONE
    }

    @Test
    fun `each word does what it says`() {
        of("no-cache") shouldBe CacheControl(reads = false)
        of("no-store") shouldBe CacheControl(writes = false)
        of("bypass") shouldBe CacheControl(reads = false, writes = false)
        of("Max-Age=60, ttl=30") shouldBe CacheControl(ageMax = Duration.ofSeconds(60), ttl = Duration.ofSeconds(30))
        of("max-age=60", "max-age=20") shouldBe CacheControl(ageMax = Duration.ofSeconds(20))
    }

    @Test
    fun `the standard header may say what we do not know, ours may not`() {
        of(standard = "no-cache, only-if-cached, stale-if-error=5") shouldBe CacheControl(reads = false)
        of(standard = "max-age=soon") shouldBe CacheControl.NONE
        shouldThrow<BadRequest> { of("keep") }.code shouldBe "invalid_cache_control"
        shouldThrow<BadRequest> { of("ttl=-1") }.code shouldBe "invalid_cache_control"
        shouldThrow<BadRequest> { of("max-age") }.code shouldBe "invalid_cache_control"
    }

    @Test
    fun `without permission only the wish to leave no trace holds`() {
        of("bypass, ttl=5, no-store", "no-cache", emptySet()) shouldBe CacheControl(writes = false)
        of(standard = "no-store", allowed = emptySet()) shouldBe CacheControl(writes = false)
    }
}
