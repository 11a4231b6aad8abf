package routercluster.policy.dsl

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class LayoutTest {
    private fun formatted(text: String) = parseProgram(text.trimIndent(), "p.dsl").let { writeProgram(it.program, it.source) }

    @Test
    fun `comments keep their place, and those in the middle of a statement move above it`() {
        formatted(
            """
            # head


            # of the signal
            SIGNAL pii a { # in the block
              threshold: # before the value
                0.5 # behind the value
              list: [1, # one
                2]

              # at the end
            } # behind the block
            ROUTE r {
              PRIORITY # a
                5
              # alone

              WHEN pii("a") # b
                OR pii("b")
              MODEL x, # c
                y
              PLUGIN z {
                # only this
              }
            }
            # tail
            """,
        ) shouldBe
            """
            # head

            # of the signal
            SIGNAL pii a {
              # in the block
              # before the value
              threshold: 0.5 # behind the value
              list: [
                1, # one
                2
              ]

              # at the end
            } # behind the block

            ROUTE r {
              # a
              PRIORITY 5
              # alone

              # b
              WHEN pii("a") OR pii("b")
              # c
              MODEL x,
                    y
              PLUGIN z {
                # only this
              }
            }
            # tail

            """.trimIndent()
    }

    @Test
    fun `what does not fit on a line is broken`() {
        val long = "a text that is long enough to fill a third of a line"
        formatted(
            """
            SIGNAL keyword k { keywords: ["$long", "$long", "$long"], short: { a: 1, b: ["$long"] } }
            ROUTE r { WHEN keyword("$long") AND keyword("$long") AND (keyword("k") OR keyword("$long")) }
            ENTRYPOINT { }
            """,
        ) shouldBe
            """
            SIGNAL keyword k {
              keywords: [
                "$long",
                "$long",
                "$long"
              ]
              short: { a: 1, b: ["$long"] }
            }

            ROUTE r {
              WHEN keyword("$long")
                  AND keyword("$long")
                  AND (keyword("k") OR keyword("$long"))
            }

            ENTRYPOINT {}

            """.trimIndent()
    }
}
