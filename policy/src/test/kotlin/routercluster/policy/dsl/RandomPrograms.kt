package routercluster.policy.dsl

import kotlin.random.Random

/** Programs of every form that the language has, without regard to sense. */
internal class RandomPrograms(private val random: Random) {
    private fun chance(percent: Int) = random.nextInt(100) < percent

    private fun <T> some(max: Int, make: () -> T): List<T> = List(random.nextInt(max + 1)) { make() }

    private fun <T> of(vararg choices: T): T = choices[random.nextInt(choices.size)]

    private val words =
        listOf("alpha", "b_2", "local/qwen3.5-9b", "OR", "WHEN", "MODEL", "ELSE", "true", "null", "x-1", "ROUTE", "priority")
    private val texts =
        listOf(
            "",
            "computer science",
            "a \"quoted\" word",
            "back\\slash",
            "two\nlines\t.",
            "本地处理",
            "# none",
            "7B",
            "{",
            "\u0001",
            "é",
            "->",
        )

    private fun word(): String = words[random.nextInt(words.size)]

    private fun text(): String = texts[random.nextInt(texts.size)]

    private fun name(): Name = if (chance(70)) Name(word()) else Name(text().ifEmpty { "nameless" })

    fun program(): Program = Program(some(6) { item(top = true) })

    private fun item(top: Boolean): Item =
        when (random.nextInt(if (top) 10 else 7)) {
            0 -> Item.Routing(block())
            1 -> Item.Signal(Name(of("keyword", "domain", "authz", "kb")), name(), block())
            2 -> Item.Projection(Name(of("partition", "score", "mapping")), name(), block())
            3 -> Item.Plugin(name(), name(), block())
            4 -> Item.Route(name(), options(), some(6) { statement(branch = false) })
            5 -> tree()
            6 -> Item.Test(name(), some(3) { Case(Value.Text(text()), name()) })
            7 -> Item.Model(name(), block())
            8 -> Item.Entrypoint(block())
            else -> Item.Recipe(name(), options(), some(4) { item(top = false) })
        }

    private fun tree(): Item {
        val ifs = List(1 + random.nextInt(3)) { Branch(condition(0), some(3) { statement(branch = true) }) }
        return Item.Tree(name(), options(), ifs + Branch(null, some(3) { statement(branch = true) }))
    }

    private fun block(): Value.Fields = Value.Fields(some(4) { Field(name(), value(0)) })

    private fun options(): List<Field> = some(2) { Field(name(), value(2)) }

    private fun value(depth: Int): Value =
        when (random.nextInt(if (depth < 3) 7 else 5)) {
            0 -> Value.Text(text())
            1 -> word().let { if (it in setOf("true", "null")) Value.Text(it) else Value.Text(it, quoted = false) }
            2 -> Value.Number(of("0", "-0.26", "1e9", "300", "0.10", "-7"))
            3 -> Value.Truth(chance(50))
            4 -> if (chance(20)) Value.Nothing() else Value.Text("a longer text that has several words and so fills its line sooner")
            5 -> Value.Items(some(4) { value(depth + 1) })
            else -> Value.Fields(some(3) { Field(name(), value(depth + 1)) })
        }

    private fun condition(depth: Int): Condition =
        when (random.nextInt(if (depth < 3) 6 else 2)) {
            0, 1 -> Condition.Signal(Name(of("keyword", "projection", "classifier")), name(), some(1) { Field(name(), value(2)) })
            2 -> Condition.Not(condition(depth + 1))
            3, 4 -> Condition.All(List(2 + random.nextInt(3)) { condition(depth + 1) })
            else -> Condition.AnyOf(List(2 + random.nextInt(3)) { condition(depth + 1) })
        }

    private fun models() = Statement.Models(List(1 + random.nextInt(3)) { ModelUse(name(), options()) })

    private fun number() = Value.Number("${random.nextInt(1_000)}")

    private fun statement(branch: Boolean): Statement =
        when (random.nextInt(11)) {
            0 -> Statement.Priority(number())
            1 -> Statement.Tier(number())
            2 -> if (branch) Statement.Named(name()) else Statement.When(condition(0))
            3, 4 -> models()
            5 -> Statement.Algorithm(name(), options(), block().takeIf { chance(60) })
            6 -> Statement.Plugin(name(), block().takeIf { chance(60) })
            7 -> Statement.Description(Value.Text(text()))
            8 -> Statement.For(name(), source(), some(2) { models() })
            9 -> Statement.Emit(name(), block())
            else -> Statement.Other(Field(name(), value(0)))
        }

    private fun source(): Source = if (chance(50)) {
        Source.Reference(Name("decision.candidates"))
    } else {
        Source.Listed(
            some(3) {
                ModelUse(name(), options())
            },
        )
    }
}
