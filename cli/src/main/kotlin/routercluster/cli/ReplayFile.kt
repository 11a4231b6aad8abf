package routercluster.cli

import org.slf4j.event.Level
import routercluster.cli.parquet.ParquetFileWriter
import routercluster.cli.parquet.Row
import routercluster.cli.parquet.readParquet
import routercluster.gateway.versions.replaceFile
import routercluster.policy.record.BadRecord
import routercluster.policy.record.DecisionRecord
import routercluster.telemetry.LogFormat
import routercluster.telemetry.configureLogging
import java.io.IOException
import java.nio.charset.CharacterCodingException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path

/** How decision records are kept in a file. */
internal enum class ReplayFormat {
    /** One JSON object a line. */
    JSONL,

    /** Columns, of which the last is the JSON. */
    PARQUET,
    ;

    companion object {
        /** What the name of [file] says; [JSONL] where it says nothing. */
        fun of(file: Path?): ReplayFormat = if ("$file".endsWith(".parquet", ignoreCase = true)) PARQUET else JSONL
    }
}

/**
 * Hands [take] each record of a file that `router replay export` wrote, in either format, one after another; none is kept.
 *
 * @param read a decision record of one line; throws [BadRecord]
 * @throws Failure that names the line, or says why the file cannot be read
 */
internal fun readRecords(path: Path, read: (line: String) -> DecisionRecord, take: (DecisionRecord) -> Unit) {
    fun each(number: Int, line: String) {
        if (line.isNotBlank()) take(record(path, number, line, read))
    }
    try {
        if (isParquet(path)) {
            quietly { readParquet(path, ::each) }
        } else {
            Files.newBufferedReader(path).useLines { lines -> lines.forEachIndexed { index, line -> each(index + 1, line) } }
        }
    } catch (_: NoSuchFileException) {
        throw Failure("$path: no such file")
    } catch (_: CharacterCodingException) {
        throw Failure("$path: is not UTF-8 text")
    } catch (e: IOException) {
        throw Failure("$path: cannot be read: ${e.message}")
    }
}

/** By its first bytes, whatever its name is. */
internal fun isParquet(path: Path): Boolean =
    Files.isRegularFile(path) && Files.newInputStream(path).use { it.readNBytes(MAGIC.size) }.contentEquals(MAGIC)

private val MAGIC = "PAR1".encodeToByteArray()

private fun record(path: Path, number: Int, line: String, read: (line: String) -> DecisionRecord): DecisionRecord =
    try {
        read(line)
    } catch (bad: BadRecord) {
        throw Failure("$path:$number: ${bad.message}")
    }

/**
 * Writes [lines], each a decision record, to [path] in one step: what stood there stays until all are written.
 *
 * @param read a decision record of one line
 * @return how many there were
 * @throws Failure where it cannot be written
 */
internal fun writeRecords(path: Path, format: ReplayFormat, lines: Sequence<String>, read: (line: String) -> DecisionRecord): Int =
    try {
        inOneStep(path) { file ->
            when (format) {
                ReplayFormat.JSONL -> Files.newBufferedWriter(file).use { out -> lines.onEach(out::appendLine).count() }

                ReplayFormat.PARQUET -> quietly {
                    ParquetFileWriter(file).use { out ->
                        lines.onEach { out.append(Row(it, read(it))) }.count()
                    }
                }
            }
        }
    } catch (e: IOException) {
        throw Failure("$path: cannot be written: ${e.message}")
    }

/** Parquet's library tells of every page, and logging that nobody set up writes it all to the output. */
private fun <T> quietly(work: () -> T): T = configureLogging(LogFormat.HUMAN, Level.WARN).use { work() }

/** What is no file, such as a pipe, is written as it comes. */
private fun <T> inOneStep(path: Path, write: (Path) -> T): T =
    if (Files.exists(path) && !Files.isRegularFile(path)) write(path) else replaceFile(path, write)
