package routercluster.policy.config

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.RandomSource
import io.kotest.property.arbitrary.Codepoint
import io.kotest.property.arbitrary.ascii
import io.kotest.property.arbitrary.string
import io.kotest.property.arbitrary.take
import org.junit.jupiter.api.Test

class SubstitutionTest {
    private val environment = mapOf("A" to "one", "LONG_NAME2" to "two", "EMPTY" to "", "REF" to "\$A")

    @Test
    fun `accepts every form`() {
        """
        plain text            => plain text
        ${'$'}A                    => one
        ${'$'}{A}                  => one
        x${'$'}{A}y${'$'}LONG_NAME2.z   => xoneytwo.z
        ${'$'}{EMPTY:-d}           => d
        ${'$'}{EMPTY-d}            =>
        ${'$'}{UNSET:-d}           => d
        ${'$'}{UNSET-d e}          => d e
        ${'$'}{UNSET:-}            =>
        ${'$'}{A:-d}               => one
        ${'$'}${'$'}A                   => ${'$'}A
        ${'$'}${'$'}${'$'}A                  => ${'$'}one
        ${'$'}${'$'}{A}                 => ${'$'}{A}
        ${'$'}REF                  => ${'$'}A
        5${'$'} or ${'$'}5              => 5${'$'} or ${'$'}5
        ^a${'$'}|b${'$'}                => ^a${'$'}|b${'$'}
        """.trimIndent().lines().forEach { row ->
            val (written, expected) = row.split("=>").map { it.trim() }
            withClue(row) { substitute(written, environment::get) shouldBe Substitution.Done(expected) }
        }
    }

    @Test
    fun `refuses with the name, not with a value`() {
        listOf(
            "\$UNSET" to "environment variable UNSET is not set",
            "x\${UNSET}" to "environment variable UNSET is not set",
            "\$A \$B_2" to "environment variable B_2 is not set",
            "\${A" to "is not a reference that can be read",
            "\${}" to "is not a reference that can be read",
            "\${1A}" to "is not a reference that can be read",
            "\${A:-\${B}}" to "is not a reference that can be read",
        ).forEach { (written, reason) ->
            withClue(written) { (substitute(written, environment::get) as Substitution.Failed).reason shouldBe reason }
        }
    }

    @Test
    fun `doubling every dollar sign keeps any text`() {
        val seed = 42L
        Arb.string(0..40, Codepoint.ascii()).take(1_000, RandomSource.seeded(seed)).forEach { text ->
            withClue("seed $seed, text $text") {
                substitute(text.replace("$", "$$")) { null } shouldBe Substitution.Done(text)
            }
        }
    }
}
