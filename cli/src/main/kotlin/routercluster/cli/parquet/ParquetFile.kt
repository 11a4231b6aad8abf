package routercluster.cli.parquet

import org.apache.parquet.ParquetReadOptions
import org.apache.parquet.column.ColumnReader
import org.apache.parquet.column.impl.ColumnReadStoreImpl
import org.apache.parquet.conf.ParquetConfiguration
import org.apache.parquet.conf.PlainParquetConfiguration
import org.apache.parquet.hadoop.ParquetFileReader
import org.apache.parquet.hadoop.ParquetWriter
import org.apache.parquet.hadoop.api.WriteSupport
import org.apache.parquet.hadoop.metadata.CompressionCodecName
import org.apache.parquet.io.LocalInputFile
import org.apache.parquet.io.LocalOutputFile
import org.apache.parquet.io.OutputFile
import org.apache.parquet.io.api.Converter
import org.apache.parquet.io.api.GroupConverter
import org.apache.parquet.io.api.PrimitiveConverter
import org.apache.parquet.io.api.RecordConsumer
import org.apache.parquet.schema.MessageType
import org.apache.parquet.schema.PrimitiveType
import java.io.Closeable
import java.io.IOException
import java.nio.file.Path

/** Bytes of rows, as they are compressed by page, that are held until they are written. */
internal const val ROW_GROUP_BYTES = 4L * 1024 * 1024

/** Why the library has two of each that take a configuration. */
private const val BY_HADOOP = "The older of two, by Hadoop's class; the library leaves it abstract."

/** Writes rows of [columns] to a new file at [path]. It is no Parquet until [close]. */
internal class ParquetFileWriter(path: Path) : Closeable {
    private val writer = Builder(LocalOutputFile(path))
        .withConf(PlainParquetConfiguration())
        .withCodecFactory(Gzip)
        .withCompressionCodec(CompressionCodecName.GZIP)
        .withRowGroupSize(ROW_GROUP_BYTES)
        .withDictionaryEncoding(RECORD, false)
        .build()

    fun append(row: Row) = writer.write(row)

    override fun close() = writer.close()

    private class Builder(file: OutputFile) : ParquetWriter.Builder<Row, Builder>(file) {
        override fun self() = this

        @Deprecated(BY_HADOOP)
        override fun getWriteSupport(configuration: org.apache.hadoop.conf.Configuration?): WriteSupport<Row> = Rows()

        override fun getWriteSupport(configuration: ParquetConfiguration?): WriteSupport<Row> = Rows()
    }

    private class Rows : WriteSupport<Row>() {
        private var consumer: RecordConsumer? = null

        @Deprecated(BY_HADOOP)
        override fun init(configuration: org.apache.hadoop.conf.Configuration?) = WriteContext(schema, emptyMap())

        override fun init(configuration: ParquetConfiguration?) = WriteContext(schema, emptyMap())

        override fun prepareForWrite(consumer: RecordConsumer) {
            this.consumer = consumer
        }

        override fun write(row: Row) {
            val consumer = checkNotNull(consumer) { "the library prepares before it writes" }
            consumer.startMessage()
            columns.forEachIndexed { place, column -> column.write(consumer, place, row) }
            consumer.endMessage()
        }
    }
}

/**
 * Hands [take] the column [RECORD] of each row of the Parquet file at [path], one after another. Holds one row group of that column.
 *
 * @throws IOException where it is damaged, or not of a kind that can be read
 */
internal fun readParquet(path: Path, take: (row: Int, record: String) -> Unit) {
    val options = ParquetReadOptions.builder(PlainParquetConfiguration()).withCodecFactory(Gzip).build()
    decoded { ParquetFileReader(LocalInputFile(path), options) }.use { reader ->
        val metadata = reader.fileMetaData
        val only = onlyRecord(metadata.schema)
        reader.setRequestedSchema(only)
        var row = 0
        while (true) {
            val pages = decoded { reader.readNextRowGroup() } ?: break
            val column = decoded {
                ColumnReadStoreImpl(pages, Nowhere, only, metadata.createdBy).getColumnReader(only.columns.single())
            }
            repeat(Math.toIntExact(pages.rowCount)) { take(++row, decoded(column::next)) }
        }
    }
}

/** The library throws failures of several kinds for a file that is cut off or damaged. */
private inline fun <T> decoded(step: () -> T): T =
    try {
        step()
    } catch (damaged: RuntimeException) {
        throw IOException("it is damaged, or no Parquet: ${damaged.message}", damaged)
    }

private fun onlyRecord(schema: MessageType): MessageType {
    val field = schema.fields.firstOrNull { it.name == RECORD }
    val isText = field != null && field.isPrimitive && field.asPrimitiveType().primitiveTypeName == PrimitiveType.PrimitiveTypeName.BINARY
    if (!isText || field.isRepetition(org.apache.parquet.schema.Type.Repetition.REPEATED)) {
        throw IOException("it has no text column `$RECORD`, which holds what is read")
    }
    return MessageType(schema.name, field)
}

/** An empty text for null, which other programs may have written. */
private fun ColumnReader.next(): String {
    val text = if (currentDefinitionLevel == descriptor.maxDefinitionLevel) binary.toStringUsingUTF8() else ""
    consume()
    return text
}

/** Where rows would be put together, had they more than one column. */
private object Nowhere : GroupConverter() {
    override fun getConverter(place: Int): Converter = object : PrimitiveConverter() {}

    override fun start() = Unit

    override fun end() = Unit
}
