package routercluster.vectorstore.qdrant

import io.qdrant.client.ConditionFactory.filter
import io.qdrant.client.ConditionFactory.isEmpty
import io.qdrant.client.ConditionFactory.match
import io.qdrant.client.ConditionFactory.matchKeyword
import io.qdrant.client.ConditionFactory.matchKeywords
import io.qdrant.client.ConditionFactory.range
import io.qdrant.client.grpc.Common.Condition
import io.qdrant.client.grpc.Common.Range
import routercluster.policy.vectors.FieldValue
import routercluster.policy.vectors.Filter
import routercluster.policy.vectors.Selection
import io.qdrant.client.grpc.Common.Filter as Conditions

/** Names in the payload of a point. */
internal object Payload {
    const val PARTITION = "p"
    const val ID = "i"
    const val EXPIRES = "e"
    const val TEXT = "t"
    const val BODY = "b"

    /** What the names of an entry's own fields begin with. */
    const val OWN = "f_"
}

/** What [selection] has that is there at [now]. */
internal fun conditions(selection: Selection, now: Long): Conditions {
    val alive = range(Payload.EXPIRES, Range.newBuilder().setGt(now.toDouble()).build())
    val partitions = selection.partitions?.let { matchKeywords(Payload.PARTITION, it.toList()) }
    return must(listOfNotNull(partitions, condition(selection.filter), alive))
}

internal fun expired(now: Long): Conditions = must(listOf(range(Payload.EXPIRES, Range.newBuilder().setLte(now.toDouble()).build())))

/** Null for what everything meets. */
private fun condition(filter: Filter): Condition? =
    when (filter) {
        Filter.All -> {
            null
        }

        is Filter.Equals -> {
            equal(Payload.OWN + filter.field, filter.value)
        }

        is Filter.In -> {
            within(Payload.OWN + filter.field, filter.values)
        }

        is Filter.Range -> {
            range(Payload.OWN + filter.field, bounds(filter))
        }

        is Filter.And -> {
            filter.all
                .mapNotNull(::condition)
                .takeIf { it.isNotEmpty() }
                ?.let { filter(must(it)) }
        }

        is Filter.Not -> {
            filter(Conditions.newBuilder().addMustNot(condition(filter.filter) ?: everything).build())
        }
    }

private fun equal(field: String, value: FieldValue): Condition =
    when (value) {
        is FieldValue.Text -> matchKeyword(field, value.value)

        is FieldValue.Number -> range(
            field,
            Range
                .newBuilder()
                .setGte(value.value)
                .setLte(value.value)
                .build(),
        )

        is FieldValue.Flag -> match(field, value.value)
    }

private fun within(field: String, values: Set<FieldValue>): Condition {
    val texts = values.filterIsInstance<FieldValue.Text>()
    return when {
        values.isEmpty() -> nothing
        texts.isNotEmpty() -> matchKeywords(field, texts.map { it.value })
        else -> filter(Conditions.newBuilder().addAllShould(values.map { equal(field, it) }).build())
    }
}

private fun bounds(filter: Filter.Range): Range {
    val bounds = Range.newBuilder()
    filter.from?.let(bounds::setGte)
    filter.until?.let(bounds::setLt)
    return bounds.build()
}

private fun must(all: List<Condition>): Conditions = Conditions.newBuilder().addAllMust(all).build()

/** Every point has a partition. */
private val nothing: Condition = isEmpty(Payload.PARTITION)
private val everything: Condition = filter(Conditions.newBuilder().addMustNot(nothing).build())
