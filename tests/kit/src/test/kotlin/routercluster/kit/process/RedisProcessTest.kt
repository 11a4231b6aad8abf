package routercluster.kit.process

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.Test

class RedisProcessTest {
    @Test
    fun `what it acknowledged is there after it was killed`() {
        RedisProcess.start().use { redis ->
            redis.command("SET", "a", "1") shouldBe "+OK"
            redis.kill()
            redis.restart()
            redis.keyCount() shouldBe 1
        }
    }

    @Test
    fun `it refuses what it has no room for`() {
        RedisProcess.start().use { redis ->
            redis.limitMemory(1)
            redis.command("SET", "a", "1") shouldStartWith "-OOM"
            redis.limitMemory(0)
            redis.command("SET", "a", "1") shouldBe "+OK"
        }
    }
}
