package routercluster.grains.state.file

import org.h2.mvstore.DataUtils
import org.h2.mvstore.WriteBuffer
import org.h2.mvstore.type.BasicDataType
import java.nio.ByteBuffer
import java.util.zip.CRC32C

/** A state as it is in the file. [expiresAt] in milliseconds since 1970; [NEVER] where it stays. */
internal class FileRecord(val revision: Long, val expiresAt: Long, val bytes: ByteArray) {
    companion object {
        const val NEVER = Long.MAX_VALUE
    }
}

/**
 * Writes each value with a checksum. The database checks what it says of itself, but not what is in its pages: without this, one wrong bit in
 * a key would make a state look as if it had never been.
 */
internal abstract class CheckedType<T> : BasicDataType<T>() {
    protected abstract fun bytesOf(value: T): ByteArray

    protected abstract fun valueOf(bytes: ByteBuffer): T

    override fun write(buffer: WriteBuffer, value: T) {
        val bytes = bytesOf(value)
        buffer.putInt(bytes.size).putInt(checksum(bytes)).put(bytes)
    }

    override fun read(buffer: ByteBuffer): T {
        if (buffer.remaining() < HEADER_BYTES) throw damaged()
        val size = buffer.getInt()
        val expected = buffer.getInt()
        if (size !in 0..buffer.remaining()) throw damaged()
        val bytes = ByteArray(size).also(buffer::get)
        if (checksum(bytes) != expected) throw damaged()
        return valueOf(ByteBuffer.wrap(bytes))
    }

    private fun checksum(bytes: ByteArray): Int = CRC32C().apply { update(bytes) }.value.toInt()

    private fun damaged() = DataUtils.newMVStoreException(DataUtils.ERROR_FILE_CORRUPT, "a checksum does not fit")

    private companion object {
        const val HEADER_BYTES = 2 * Int.SIZE_BYTES
    }
}

internal object CheckedText : CheckedType<String>() {
    override fun bytesOf(value: String) = value.toByteArray()

    override fun valueOf(bytes: ByteBuffer) = String(bytes.array())

    override fun compare(a: String, b: String) = a.compareTo(b)

    override fun getMemory(value: String) = OBJECT_BYTES + 2 * value.length

    override fun createStorage(size: Int): Array<String?> = arrayOfNulls(size)
}

internal object CheckedRecord : CheckedType<FileRecord>() {
    override fun bytesOf(value: FileRecord): ByteArray =
        ByteBuffer
            .allocate(2 * Long.SIZE_BYTES + value.bytes.size)
            .putLong(value.revision)
            .putLong(value.expiresAt)
            .put(value.bytes)
            .array()

    override fun valueOf(bytes: ByteBuffer) = FileRecord(bytes.getLong(), bytes.getLong(), ByteArray(bytes.remaining()).also(bytes::get))

    override fun getMemory(value: FileRecord) = OBJECT_BYTES + value.bytes.size

    override fun createStorage(size: Int): Array<FileRecord?> = arrayOfNulls(size)
}

/** About what an object takes in memory beside its content. */
private const val OBJECT_BYTES = 64
