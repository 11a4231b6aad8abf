package routercluster.vectorstore.embedded

import org.apache.lucene.document.DoublePoint
import org.apache.lucene.document.LongPoint
import org.apache.lucene.index.Term
import org.apache.lucene.search.BooleanClause
import org.apache.lucene.search.BooleanQuery
import org.apache.lucene.search.MatchAllDocsQuery
import org.apache.lucene.search.MatchNoDocsQuery
import org.apache.lucene.search.Query
import org.apache.lucene.search.TermInSetQuery
import org.apache.lucene.search.TermQuery
import org.apache.lucene.util.BytesRef
import routercluster.policy.vectors.FieldValue
import routercluster.policy.vectors.Filter
import routercluster.policy.vectors.Scope
import routercluster.policy.vectors.Selection

internal fun query(scope: Scope): Query = all(partitions(scope.partitions), query(scope.filter))

internal fun query(selection: Selection): Query = all(
    selection.partitions?.let(::partitions) ?: MatchAllDocsQuery(),
    query(selection.filter),
)

/** Entries that are there at [now]. */
internal fun alive(now: Long): Query = if (now ==
    Long.MAX_VALUE
) {
    MatchNoDocsQuery()
} else {
    LongPoint.newRangeQuery(Named.EXPIRES, now + 1, Long.MAX_VALUE)
}

internal fun expired(now: Long): Query = LongPoint.newRangeQuery(Named.EXPIRES, Long.MIN_VALUE, now)

internal fun keys(partition: String, ids: Collection<String>): Query = TermInSetQuery(Named.KEY, ids.map { keyTerm(partition, it).bytes() })

/** What every one of [parts] finds. */
internal fun all(vararg parts: Query): Query {
    val narrowing = parts.filterNot { it is MatchAllDocsQuery }
    if (narrowing.size < 2) return narrowing.firstOrNull() ?: MatchAllDocsQuery()
    return narrowing.fold(BooleanQuery.Builder()) { builder, part -> builder.add(part, BooleanClause.Occur.FILTER) }.build()
}

private fun partitions(names: Set<String>): Query = any(names.map { TermQuery(Term(Named.PARTITION, it)) })

/** What at least one of [parts] finds. */
internal fun any(parts: List<Query>): Query {
    if (parts.size < 2) return parts.firstOrNull() ?: MatchNoDocsQuery()
    return parts.fold(BooleanQuery.Builder()) { builder, part -> builder.add(part, BooleanClause.Occur.SHOULD) }.build()
}

private fun query(filter: Filter): Query =
    when (filter) {
        Filter.All -> {
            MatchAllDocsQuery()
        }

        is Filter.Equals -> {
            equal(Named.OWN + filter.field, filter.value)
        }

        is Filter.In -> {
            within(Named.OWN + filter.field, filter.values)
        }

        is Filter.Range -> {
            DoublePoint.newRangeQuery(
                Named.OWN + filter.field,
                filter.from?.plus(0.0) ?: Double.NEGATIVE_INFINITY,
                filter.until?.let { Math.nextDown(it) } ?: Double.POSITIVE_INFINITY,
            )
        }

        is Filter.And -> {
            all(*filter.all.map(::query).toTypedArray())
        }

        is Filter.Not -> {
            BooleanQuery
                .Builder()
                .add(MatchAllDocsQuery(), BooleanClause.Occur.FILTER)
                .add(query(filter.filter), BooleanClause.Occur.MUST_NOT)
                .build()
        }
    }

private fun equal(field: String, value: FieldValue): Query =
    when (value) {
        is FieldValue.Text -> TermQuery(Term(field, value.value))
        is FieldValue.Number -> DoublePoint.newExactQuery(field, value.value + 0.0)
        is FieldValue.Flag -> TermQuery(Term(field, value.value.toString()))
    }

private fun within(field: String, values: Set<FieldValue>): Query {
    val texts = values.filterIsInstance<FieldValue.Text>()
    return if (texts.isNotEmpty()) TermInSetQuery(field, texts.map { BytesRef(it.value) }) else any(values.map { equal(field, it) })
}
