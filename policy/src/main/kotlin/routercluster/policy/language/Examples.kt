package routercluster.policy.language

/** A request in words, the models that it may name, and a good answer to it. */
internal class Example(val models: List<String>, val request: String, val program: String)

/** Few and short: they show the form, the reference shows the rest. */
internal val examples: List<Example> =
    listOf(
        Example(
            listOf("cloud-pro: premium", "house-8b: local"),
            "Contract questions go to the premium model, and whatever has personal data in it must stay local.",
            """
            SIGNAL pii personal_data {
              include_history: true
            }

            SIGNAL keyword contract {
              operator: "OR"
              keywords: ["contract", "contracts", "agreement", "clause"]
            }

            ROUTE private_stays_here (description = "Personal data stays local.") {
              PRIORITY 200
              WHEN pii("personal_data")
              MODEL house-8b
            }

            ROUTE contracts (description = "Contracts go to the premium model.") {
              PRIORITY 100
              WHEN keyword("contract")
              MODEL cloud-pro
            }

            TEST contracts {
              "Is this clause of the contract valid?" -> contracts
            }
            """.trimIndent(),
        ),
        Example(
            listOf("coder: code", "small", "large"),
            "Block jailbreaks politely. Hard German programming questions to coder with high reasoning, long ones to large.",
            """
            SIGNAL jailbreak attack {}

            SIGNAL language de {}

            SIGNAL domain "computer science" {}

            SIGNAL complexity difficulty {
              method: "classifier"
            }

            SIGNAL context long {
              min_tokens: "16K"
            }

            ROUTE refuse_attacks {
              PRIORITY 300
              WHEN jailbreak("attack")
              PLUGIN fast_response {
                message: "I am sorry, but I cannot help with that."
              }
            }

            ROUTE hard_german_code {
              PRIORITY 200
              WHEN language("de") AND domain("computer science") AND complexity("difficulty:hard")
              MODEL coder (reasoning = true, effort = "high")
            }

            ROUTE long_german_code {
              PRIORITY 190
              WHEN language("de") AND domain("computer science") AND context("long")
              MODEL large
            }
            """.trimIndent(),
        ),
        Example(
            listOf("small", "large"),
            "Everything that nothing else takes to small; health questions get a hint that we are no doctors.",
            """
            SIGNAL domain health {}

            ROUTE health {
              PRIORITY 100
              WHEN domain("health")
              MODEL large
              PLUGIN system_prompt {
                system_prompt: "You are no doctor. Say so, and advise to see one."
              }
            }

            ROUTE otherwise {
              PRIORITY -10
              MODEL small
            }
            """.trimIndent(),
        ),
    )
