package routercluster.cli

import com.fasterxml.jackson.databind.JsonNode

/** `router schema`: what a policy file may hold, for editors. */
class Schema(private val schema: () -> JsonNode) :
    Command(
        "schema",
        "Print the JSON Schema of policy files (draft 2020-12), for completion and hover in editors.",
        listOf("router schema > router.schema.json"),
    ) {
    override fun run() = echo(pretty(schema()))
}
