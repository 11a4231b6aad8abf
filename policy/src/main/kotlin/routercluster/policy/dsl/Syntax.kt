package routercluster.policy.dsl

/*
 * A program as written. Every part knows its place, so that an editor can point at any name; parts that were made from YAML
 * stand at Span.NONE.
 */

/** @property items in the order of the text */
class Program(val items: List<Item>, val comments: List<Comment> = emptyList())

/** A name, with quotes or without. */
class Name(val text: String, val span: Span = Span.NONE, val quoted: Boolean = !isWord(text))

/** `key: value` in braces, `key = value` in parentheses. */
class Field(val key: Name, val value: Value) {
    val span: Span get() = Span(key.span.start, value.span.end)
}

sealed interface Value {
    val span: Span

    /** @property quoted false for a bare word */
    class Text(val text: String, override val span: Span = Span.NONE, val quoted: Boolean = true) : Value

    /** Digits are kept as they are written. */
    class Number(val written: String, override val span: Span = Span.NONE) : Value

    class Truth(val value: Boolean, override val span: Span = Span.NONE) : Value

    /** The bare word `null`. */
    class Nothing(override val span: Span = Span.NONE) : Value

    class Items(val items: List<Value>, override val span: Span = Span.NONE) : Value

    /** Also the block of a declaration. */
    class Fields(val fields: List<Field>, override val span: Span = Span.NONE) : Value
}

sealed interface Condition {
    val span: Span

    /** `type("name" field: value)`. */
    class Signal(val type: Name, val name: Name, val fields: List<Field>, override val span: Span = Span.NONE) : Condition

    /** @property parts two or more */
    class All(val parts: List<Condition>, override val span: Span = Span.NONE) : Condition

    /** @property parts two or more */
    class AnyOf(val parts: List<Condition>, override val span: Span = Span.NONE) : Condition

    class Not(val part: Condition, override val span: Span = Span.NONE) : Condition
}

/** A model in a route's list. */
class ModelUse(val name: Name, val options: List<Field>, val span: Span = Span.NONE)

/** What stands in a route, and in a branch of a decision tree. */
sealed interface Statement {
    val span: Span

    class Priority(val value: Value.Number, override val span: Span = Span.NONE) : Statement

    class Tier(val value: Value.Number, override val span: Span = Span.NONE) : Statement

    class When(val condition: Condition, override val span: Span = Span.NONE) : Statement

    class Models(val models: List<ModelUse>, override val span: Span = Span.NONE) : Statement

    class Algorithm(
        val type: Name,
        val options: List<Field>,
        val block: Value.Fields?,
        override val span: Span = Span.NONE,
    ) : Statement

    /** @property name a template's, or else the plugin's type */
    class Plugin(val name: Name, val block: Value.Fields?, override val span: Span = Span.NONE) : Statement

    class Description(val text: Value.Text, override val span: Span = Span.NONE) : Statement

    /** @property body place of the braces */
    class For(
        val variable: Name,
        val source: Source,
        val outputs: List<Models>,
        val body: Span = Span.NONE,
        override val span: Span = Span.NONE,
    ) : Statement

    class Emit(val kind: Name, val block: Value.Fields, override val span: Span = Span.NONE) : Statement

    /** A branch's own name. */
    class Named(val name: Name, override val span: Span = Span.NONE) : Statement

    /** What has no keyword stands as in YAML. */
    class Other(val written: Field) : Statement {
        override val span: Span get() = written.span
    }
}

/** What FOR goes through. */
sealed interface Source {
    class Reference(val name: Name) : Source

    class Listed(val models: List<ModelUse>, val span: Span = Span.NONE) : Source
}

/** @property condition null for ELSE */
class Branch(
    val condition: Condition?,
    val statements: List<Statement>,
    val body: Span = Span.NONE,
    val span: Span = Span.NONE,
)

/** `"query" -> route`. */
class Case(val query: Value.Text, val route: Name) {
    val span: Span get() = Span(query.span.start, route.span.end)
}

/** What stands at the top, or in a recipe. */
sealed interface Item {
    val span: Span

    class Routing(val block: Value.Fields, override val span: Span = Span.NONE) : Item

    class Entrypoint(val block: Value.Fields, override val span: Span = Span.NONE) : Item

    class Recipe(
        val name: Name,
        val options: List<Field>,
        val items: List<Item>,
        val body: Span = Span.NONE,
        override val span: Span = Span.NONE,
    ) : Item

    class Signal(val type: Name, val name: Name, val block: Value.Fields, override val span: Span = Span.NONE) : Item

    class Projection(val kind: Name, val name: Name, val block: Value.Fields, override val span: Span = Span.NONE) : Item

    class Model(val name: Name, val block: Value.Fields, override val span: Span = Span.NONE) : Item

    class Plugin(val name: Name, val type: Name, val block: Value.Fields, override val span: Span = Span.NONE) : Item

    class Route(
        val name: Name,
        val options: List<Field>,
        val statements: List<Statement>,
        val body: Span = Span.NONE,
        override val span: Span = Span.NONE,
    ) : Item

    class Tree(
        val name: Name,
        val options: List<Field>,
        val branches: List<Branch>,
        val body: Span = Span.NONE,
        override val span: Span = Span.NONE,
    ) : Item

    class Test(val name: Name, val cases: List<Case>, val body: Span = Span.NONE, override val span: Span = Span.NONE) : Item
}
