package routercluster.vectorstore.qdrant

import io.grpc.Status
import io.qdrant.client.grpc.Common.Condition
import io.qdrant.client.grpc.Common.FieldCondition
import io.qdrant.client.grpc.Common.Filter
import io.qdrant.client.grpc.Common.Match
import io.qdrant.client.grpc.Common.Range
import io.qdrant.client.grpc.JsonWithInt.Value

/** Whether a point with this payload meets [filter], as Qdrant has it: a clause without conditions says nothing. */
internal fun meets(filter: Filter, payload: Map<String, Value>): Boolean =
    filter.mustList.all { meets(it, payload) } &&
        filter.mustNotList.none { meets(it, payload) } &&
        (filter.shouldCount == 0 || filter.shouldList.any { meets(it, payload) })

private fun meets(condition: Condition, payload: Map<String, Value>): Boolean =
    when (condition.conditionOneOfCase) {
        Condition.ConditionOneOfCase.FILTER -> meets(condition.filter, payload)
        Condition.ConditionOneOfCase.IS_EMPTY -> condition.isEmpty.key !in payload
        Condition.ConditionOneOfCase.FIELD -> payload[condition.field.key]?.let { meets(condition.field, it) } == true
        else -> refuse(Status.UNIMPLEMENTED, "${condition.conditionOneOfCase}")
    }

private fun meets(field: FieldCondition, value: Value): Boolean =
    when {
        field.hasMatch() -> matches(field.match, value)
        field.hasRange() -> within(field.range, value)
        else -> refuse(Status.UNIMPLEMENTED, "$field")
    }

private fun matches(match: Match, value: Value): Boolean =
    when (match.matchValueCase) {
        Match.MatchValueCase.KEYWORD -> value.hasStringValue() && value.stringValue == match.keyword
        Match.MatchValueCase.KEYWORDS -> value.hasStringValue() && value.stringValue in match.keywords.stringsList
        Match.MatchValueCase.BOOLEAN -> value.hasBoolValue() && value.boolValue == match.boolean
        else -> refuse(Status.UNIMPLEMENTED, "${match.matchValueCase}")
    }

private fun within(range: Range, value: Value): Boolean {
    val number = when {
        value.hasDoubleValue() -> value.doubleValue
        value.hasIntegerValue() -> value.integerValue.toDouble()
        else -> return false
    }
    return (!range.hasGt() || number > range.gt) &&
        (!range.hasGte() || number >= range.gte) &&
        (!range.hasLt() || number < range.lt) &&
        (!range.hasLte() || number <= range.lte)
}
