package routercluster.policy.config.format

import com.fasterxml.jackson.databind.node.ArrayNode
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode

/**
 * The format as JSON Schema, draft 2020-12, for editors: completion, hover and a first check. It lets pass some of what the program
 * refuses, such as names that nothing has.
 */
fun configSchema(): ObjectNode {
    val root = mapping(rootFormat)
    val schema = json.objectNode().put("\$schema", DRAFT).put("title", "Policy file of RouterCluster, format v0.3")
    schema.setAll<ObjectNode>(root)
    val routing = schema.path("properties").path("routing")
    val decision = routing
        .path("properties")
        .path("decisions")
        .path("items")
        .path("properties")
    schema.putObject("\$defs").apply {
        set<ObjectNode>("routing", routing.deepCopy())
        set<ObjectNode>("rule", decision.path("rules").deepCopy())
        set<ObjectNode>("algorithm", decision.path("algorithm").deepCopy())
    }
    return schema
}

private const val DRAFT = "https://json-schema.org/draft/2020-12/schema"

/** What a value that comes from the environment looks like, wherever something else than a text is expected. */
private const val FROM_ENVIRONMENT = "\\$"

private val json = JsonNodeFactory.instance

private fun mapping(fields: Fields): ObjectNode {
    val schema = json.objectNode().put("type", "object").put("additionalProperties", false)
    val properties = schema.putObject("properties")
    fields.all.forEach { properties.set<ObjectNode>(it.key, field(it)) }
    val required = fields.all.filter { it.required }
    if (required.isNotEmpty()) schema.putArray("required").apply { required.forEach { add(it.key) } }
    fields.cases?.let { addCases(schema, properties, it) }
    return schema
}

private fun addCases(schema: ObjectNode, properties: ObjectNode, cases: Cases) {
    if (cases.slot == null) {
        cases.byValue.forEach { (value, case) ->
            properties.set<ObjectNode>(value, mapping(case.fields).put("description", described(case.meaning, case.status)))
        }
        return
    }
    properties.putObject(cases.slot).put("type", "object")
    val all = schema.putArray("allOf")
    cases.byValue.forEach { (value, case) ->
        val rule = all.addObject()
        rule.putObject("if").apply {
            putObject("properties").putObject(cases.by).put("const", value)
            putArray("required").add(cases.by)
        }
        rule.putObject("then").putObject("properties").set<ObjectNode>(
            cases.slot,
            mapping(case.fields).put("description", described(case.meaning, case.status)),
        )
    }
}

private fun field(field: Field): ObjectNode {
    val schema = value(field.kind)
    schema.put("description", described(field.meaning, field.status))
    field.default?.let { schema.put("x-default", it) }
    field.unit?.let { schema.put("x-unit", it) }
    return schema
}

private fun described(meaning: String, status: Status?): String =
    if (status is Status.NotBuilt) "$meaning Not built yet: ${status.feature.without}." else meaning

private fun value(kind: Kind): ObjectNode =
    when (kind) {
        is Kind.Text -> scalar("string", "number", "boolean")
        is Kind.Flag -> orFromEnvironment(scalar("boolean"))
        is Kind.Whole -> whole(kind)
        is Kind.Number -> orFromEnvironment(range(scalar("number"), kind.range))
        is Kind.Time -> scalar("string")
        is Kind.Size -> scalar("string", "integer")
        is Kind.Choice -> words(kind.accepted)
        is Kind.Texts -> list(kind.words?.let(::words) ?: scalar("string", "number", "boolean"))
        is Kind.Numbers -> list(range(scalar("number"), kind.range))
        Kind.TextLists -> list(list(scalar("string", "number", "boolean")))
        is Kind.Part -> mapping(kind.fields)
        is Kind.Parts -> list(mapping(kind.fields))
        is Kind.Named -> named(kind)
        is Kind.Same -> same(kind)
        Kind.Anything -> json.objectNode()
    }

/** YAML reads plain words as numbers or booleans where a text is meant. */
private fun scalar(vararg types: String): ObjectNode {
    val schema = json.objectNode()
    if (types.size == 1) schema.put("type", types.single()) else schema.putArray("type").apply { types.forEach(::add) }
    return schema
}

private fun orFromEnvironment(schema: ObjectNode): ObjectNode =
    json.objectNode().apply {
        putArray("anyOf")
            .add(schema)
            .addObject()
            .put("type", "string")
            .put("pattern", FROM_ENVIRONMENT)
    }

private fun whole(kind: Kind.Whole): ObjectNode {
    val number = orFromEnvironment(range(scalar("integer"), kind.range.first.toDouble()..kind.range.last.toDouble()))
    kind.word?.let { (number.get("anyOf") as ArrayNode).addObject().put("const", it) }
    return number
}

private fun range(schema: ObjectNode, range: ClosedFloatingPointRange<Double>): ObjectNode =
    schema.put("minimum", range.start).put("maximum", range.endInclusive)

private fun words(words: List<String>): ObjectNode {
    val schema = json.objectNode()
    schema.putArray("anyOf").apply {
        addObject().putArray("enum").apply { words.forEach(::add) }
        addObject().put("type", "string").put("pattern", FROM_ENVIRONMENT)
    }
    return schema
}

private fun list(items: ObjectNode): ObjectNode = json.objectNode().put("type", "array").set("items", items)

private fun named(kind: Kind.Named): ObjectNode = json.objectNode().put("type", "object").set("additionalProperties", value(kind.value))

private fun same(kind: Kind.Same): ObjectNode {
    val definition =
        when (kind.path) {
            RULE_PATH -> "rule"
            ALGORITHM_PATH -> "algorithm"
            else -> "routing"
        }
    val reference = json.objectNode().put("\$ref", "#/\$defs/$definition")
    return if (kind.list) list(reference) else reference
}
