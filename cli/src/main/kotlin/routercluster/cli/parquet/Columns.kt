package routercluster.cli.parquet

import org.apache.parquet.io.api.Binary
import org.apache.parquet.io.api.RecordConsumer
import org.apache.parquet.schema.LogicalTypeAnnotation
import org.apache.parquet.schema.MessageType
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName
import org.apache.parquet.schema.Type
import org.apache.parquet.schema.Types
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.context
import java.time.Instant
import java.time.temporal.ChronoUnit

/**
 * A line of the export.
 *
 * @property line as it came, which the column [RECORD] holds
 * @property record what the other columns are read from
 */
internal class Row(val line: String, val record: DecisionRecord)

/** A column: null where a record has nothing for it. */
internal class Column<T : Any>(val type: Type, private val add: RecordConsumer.(T) -> Unit, private val read: (Row) -> T?) {
    /** Writes the value of [row] as the field [place]. */
    fun write(to: RecordConsumer, place: Int, row: Row) {
        val value = read(row) ?: return
        to.field(type.name, place) { add(value) }
    }
}

/** The column of the whole record as JSON: the one that is read back. */
internal const val RECORD = "record"

/** Names and types are a contract: columns are added, none is renamed. */
internal val columns: List<Column<*>> = listOf(
    text("id") { it.id },
    time("time") { it.time },
    text("policy_revision") { it.revision },
    text("asked_model") { it.asked },
    text("recipe") { it.recipe },
    text("decision") { it.decision },
    number("confidence") { it.confidence },
    text("action_kind") {
        it.action.kind.name
            .lowercase()
    },
    text("action_model") { it.action.model },
    whole("action_status") { it.action.status?.toLong() },
    text("action_code") { it.action.code },
    text("picked") { it.picked },
    number("propensity") { record -> record.picked?.let { record.propensities?.get(it) } },
    texts("candidates") { record -> record.candidates.map { it.label } },
    numbers("propensities") { it.propensities },
    numbers("context") { it.context() },
    text("served_model") { it.served },
    text("conversation") { it.conversation },
    whole("usage_prompt_tokens") { it.usage?.promptTokens },
    whole("usage_completion_tokens") { it.usage?.completionTokens },
    whole("usage_cached_tokens") { it.usage?.cachedTokens },
    flag("usage_estimated") { it.usage?.estimated },
    number("usage_cost") { it.usage?.cost },
    number("usage_cost_estimated") { it.usage?.costEstimated },
    text("usage_currency") { it.usage?.currency },
    whole("end_status") { it.end?.status?.toLong() },
    text("end_error") { it.end?.error },
    number("end_first_byte_ms") { record -> record.end?.firstByte?.let { it.toNanos() / NANOS_A_MILLI } },
    number("end_total_ms") { record -> record.end?.let { it.total.toNanos() / NANOS_A_MILLI } },
    verdicts("verdicts_good_fit") { it.goodFit },
    verdicts("verdicts_underpowered") { it.underpowered },
    verdicts("verdicts_overprovisioned") { it.overprovisioned },
    verdicts("verdicts_failed") { it.failed },
    Column(
        Types.required(PrimitiveTypeName.BINARY).`as`(LogicalTypeAnnotation.jsonType()).named(RECORD),
        { addBinary(Binary.fromString(it)) },
        Row::line,
    ),
)

internal val schema = MessageType("decision_records", columns.map { it.type })

private fun text(name: String, read: (DecisionRecord) -> String?) =
    column(optional(PrimitiveTypeName.BINARY, name, LogicalTypeAnnotation.stringType()), RecordConsumer::text, read)

private fun number(name: String, read: (DecisionRecord) -> Double?) =
    column(optional(PrimitiveTypeName.DOUBLE, name), RecordConsumer::addDouble, read)

private fun whole(name: String, read: (DecisionRecord) -> Long?) =
    column(optional(PrimitiveTypeName.INT64, name), RecordConsumer::addLong, read)

private fun flag(name: String, read: (DecisionRecord) -> Boolean?) =
    column(optional(PrimitiveTypeName.BOOLEAN, name), RecordConsumer::addBoolean, read)

private fun time(name: String, read: (DecisionRecord) -> Instant?): Column<Instant> {
    val utc = LogicalTypeAnnotation.timestampType(true, LogicalTypeAnnotation.TimeUnit.MICROS)
    return column(optional(PrimitiveTypeName.INT64, name, utc), { addLong(ChronoUnit.MICROS.between(Instant.EPOCH, it)) }, read)
}

/** Null where nobody said anything, unlike 0. */
private fun verdicts(name: String, read: (VerdictSums) -> Long) =
    whole(name) { record -> record.verdicts.takeIf { it != VerdictSums.NONE }?.let(read) }

private fun texts(name: String, read: (DecisionRecord) -> List<String>?): Column<List<String>> {
    val type = Types
        .optionalList()
        .requiredElement(PrimitiveTypeName.BINARY)
        .`as`(LogicalTypeAnnotation.stringType())
        .named(name)
    return column(type, { items -> group { repeated("list", items) { field("element", 0) { text(it) } } } }, read)
}

private fun numbers(name: String, read: (DecisionRecord) -> Map<String, Double>?): Column<Map<String, Double>> {
    val type = Types
        .optionalMap()
        .key(PrimitiveTypeName.BINARY)
        .`as`(LogicalTypeAnnotation.stringType())
        .requiredValue(PrimitiveTypeName.DOUBLE)
        .named(name)
    return column(
        type,
        { members ->
            group {
                repeated("key_value", members.entries) { (key, value) ->
                    field("key", 0) { text(key) }
                    field("value", 1) { addDouble(value) }
                }
            }
        },
        read,
    )
}

private fun <T : Any> column(type: Type, add: RecordConsumer.(T) -> Unit, read: (DecisionRecord) -> T?) =
    Column(type, add) { read(it.record) }

private fun optional(type: PrimitiveTypeName, name: String, means: LogicalTypeAnnotation? = null): Type =
    Types.optional(type).`as`(means).named(name)

private fun RecordConsumer.text(value: String) = addBinary(Binary.fromString(value))

private inline fun RecordConsumer.field(name: String, place: Int, content: RecordConsumer.() -> Unit) {
    startField(name, place)
    content()
    endField(name, place)
}

private inline fun RecordConsumer.group(content: RecordConsumer.() -> Unit) {
    startGroup()
    content()
    endGroup()
}

/** The one field [name] of a list or a map; a field without any value must not be begun. */
private inline fun <T> RecordConsumer.repeated(name: String, items: Collection<T>, content: RecordConsumer.(T) -> Unit) {
    if (items.isNotEmpty()) field(name, 0) { items.forEach { item -> group { content(item) } } }
}

private const val NANOS_A_MILLI = 1e6
