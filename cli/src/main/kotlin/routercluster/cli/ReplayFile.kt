package routercluster.cli

import routercluster.policy.record.BadRecord
import routercluster.policy.record.DecisionRecord
import java.io.IOException
import java.nio.charset.CharacterCodingException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path

/**
 * Hands [take] each record of a file that `router replay export` wrote, one after another; none is kept.
 *
 * @param read a decision record of one line; throws [BadRecord]
 * @throws Failure that names the line, or says why the file cannot be read
 */
internal fun readRecords(path: Path, read: (line: String) -> DecisionRecord, take: (DecisionRecord) -> Unit) {
    try {
        Files.newBufferedReader(path).useLines { lines ->
            lines.forEachIndexed { index, line -> if (line.isNotBlank()) take(record(path, index + 1, line, read)) }
        }
    } catch (_: NoSuchFileException) {
        throw Failure("$path: no such file")
    } catch (_: CharacterCodingException) {
        throw Failure("$path: is not UTF-8 text")
    } catch (e: IOException) {
        throw Failure("$path: cannot be read: ${e.message}")
    }
}

private fun record(path: Path, number: Int, line: String, read: (line: String) -> DecisionRecord): DecisionRecord =
    try {
        read(line)
    } catch (bad: BadRecord) {
        throw Failure("$path:$number: ${bad.message}")
    }
