package routercluster.cli.discovery

import routercluster.cli.newObject

/**
 * The text of a policy for the models in reach: easy questions to the weakest, hard ones to the strongest. `router init` writes it and
 * `router serve` without a file starts with it. Pure; holds names of environment variables, never keys.
 *
 * @param found empty means the simulated pair on [simulatedPort]
 */
fun starterPolicy(found: List<Provider>, simulatedPort: Int): String {
    val models = (if (found.isEmpty()) simulated(simulatedPort) else found.flatMap(::backed)).distinctBy { it.name }
    val simple = models.minBy { it.strength }.name
    val strong = models.maxBy { it.strength }.name
    return listOf(
        header(found),
        "providers:\n  defaults:\n    # serves what no decision below claims\n    default_model: ${quoted(simple)}\n  models:\n",
        models.joinToString("") { it.yaml() },
        "\nrouting:\n  strategy: priority   # of the decisions that match, the highest priority wins\n  modelCards:\n",
        models.joinToString("") { "    - name: ${quoted(it.name)}\n" },
        "\n",
        SIGNALS,
        decisions(simple, strong),
    ).joinToString("")
}

private class Backed(val name: String, val strength: Double, val backend: List<String>) {
    fun yaml(): String =
        "    - name: ${quoted(name)}\n      backend_refs:\n" +
            backend.withIndex().joinToString("") { (index, line) -> "        ${if (index == 0) "- " else "  "}$line\n" }
}

private fun simulated(port: Int): List<Backed> =
    SIMULATED_MODELS.mapIndexed {
        index,
        name,
        ->
        Backed(name, index.toDouble(), listOf("name: simulated", "endpoint: 127.0.0.1:$port", "protocol: http"))
    }

private fun backed(provider: Provider): List<Backed> = provider.models.map { Backed(it.name, it.strength, backend(provider)) }

private fun backend(provider: Provider): List<String> =
    when (provider.kind) {
        ProviderKind.OPENAI -> {
            cloud("openai", provider)
        }

        ProviderKind.ANTHROPIC -> {
            // Anthropic's OpenAI-compatible endpoint, so the provider type, which sets path and credential header, is OpenAI's.
            cloud("anthropic", provider)
        }

        ProviderKind.OLLAMA -> {
            listOf("name: ollama", "endpoint: 127.0.0.1:11434", "protocol: http")
        }

        ProviderKind.VLLM -> {
            listOf("name: vllm", "endpoint: 127.0.0.1:8000", "protocol: http")
        }
    }

private fun cloud(name: String, provider: Provider): List<String> {
    val service = cloudServices.first { it.kind == provider.kind }
    val base = quoted(provider.baseUrl ?: service.baseUrl { null })
    return listOf("name: $name", "base_url: $base", "provider: openai", "api_key_env: ${service.keyVariable}")
}

/** A JSON string is a YAML string too; names come from servers and may hold anything. */
private fun quoted(text: String): String = newObject().textNode(text).toString()

private fun header(found: List<Provider>): String {
    val source =
        if (found.isEmpty()) {
            "# No key and no local model server was found, so these models are simulated: `router mock-llm` serves them."
        } else {
            "# Found: ${found.joinToString { it.title }}. Keys are read from the environment and are not in this file."
        }
    return """
        |# RouterCluster policy, written by `router init`. Clients ask for model "auto".
        |$source
        |# Check it with `router validate FILE`, try it with `router explain FILE --prompt "…"`, run it with `router serve --config FILE`.
        |version: v0.3
        |
        |listeners:
        |  - name: http
        |    address: 127.0.0.1
        |    port: 8899
        |    timeout: 300s
        |
        |
        """.trimMargin()
}

private fun decisions(simple: String, strong: String): String {
    val hard = listOf(strong, simple).distinct().joinToString("\n") { "        - model: ${quoted(it)}" }
    return """
        |  decisions:
        |    - name: code
        |      description: Work on programs goes to the strongest model; the other stands in when that one fails.
        |      priority: 200
        |      rules:
        |        operator: AND
        |        conditions:
        |          - type: keyword
        |            name: code
        |      modelRefs:
        |$hard
        |
        |    - name: hard
        |      description: Reasoning, many questions at once, or a long prompt.
        |      priority: 100
        |      rules:
        |        operator: OR
        |        conditions:
        |          - type: keyword
        |            name: reasoning
        |          - type: structure
        |            name: many_questions
        |          - type: context
        |            name: long_prompt
        |      modelRefs:
        |$hard
        |
        |    - name: easy
        |      description: A short prompt that neither of the others claimed.
        |      priority: 10
        |      rules:
        |        operator: AND
        |        conditions:
        |          - type: context
        |            name: short_prompt
        |      modelRefs:
        |        - model: ${quoted(simple)}
        |
        """.trimMargin()
}

private val SIGNALS =
    """
    |  # What is read from a request. Only what a decision names is read, and only as far as it can still matter.
    |  signals:
    |    keywords:
    |      - name: code
    |        operator: OR
    |        method: regex
    |        keywords: ["code", "function", "class", "compile", "debug", "stack trace", "refactor", "unit test", "sql", "regex", "python", "kotlin", "rust", "javascript"]
    |      - name: reasoning
    |        operator: OR
    |        method: regex
    |        keywords: ["prove", "derive", "step by step", "trade-off", "trade-offs", "analyse", "analyze", "compare", "why does"]
    |    structure:
    |      - name: many_questions
    |        feature:
    |          type: count
    |          source:
    |            type: regex
    |            pattern: '[?？]'
    |        predicate:
    |          gte: 3
    |    context:
    |      - name: short_prompt
    |        min_tokens: "0"
    |        max_tokens: "2K"
    |      - name: long_prompt
    |        min_tokens: "2K"
    |        max_tokens: "10M"
    |
    |
    """.trimMargin()
