package routercluster.grains.state.file

import org.h2.mvstore.MVMap
import org.h2.mvstore.MVStore
import org.h2.mvstore.type.DataType
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StoredState
import java.nio.file.Path
import java.time.Instant

/** The open file: what is in it, and when that expires. For one thread. What it changes is durable after [sync]. */
internal class StateFile private constructor(private val store: MVStore, private val acknowledged: AcknowledgedVersion) : AutoCloseable {
    private val states = store.openMap("states", tableOf(CheckedRecord))

    /** Keys in the order in which their states expire. */
    private val expiries = store.openMap("expiries", tableOf(CheckedText))

    /** The newest revision. Each opening of the file begins above all that came before: a version of the file holds far fewer saves than that. */
    private var issued = store.currentVersion shl REVISION_BITS

    fun load(key: StateKey, now: Instant): StoredState? = living(nameOf(key), now)?.let { StoredState(it.revision, it.bytes) }

    fun save(key: StateKey, expectedRevision: Long, bytes: ByteArray, expiresAt: Instant?, now: Instant): Long {
        val name = nameOf(key)
        if ((living(name, now)?.revision ?: 0) != expectedRevision) throw StateFailure.Stale(key, expectedRevision)
        remove(name)
        val record = FileRecord(++issued, expiresAt?.toEpochMilli() ?: FileRecord.NEVER, bytes)
        states[name] = record
        if (expiresAt != null) expiries[expiryOf(name, record)] = name
        return record.revision
    }

    fun delete(key: StateKey, expectedRevision: Long, now: Instant) {
        val name = nameOf(key)
        val kept = living(name, now) ?: return
        if (kept.revision != expectedRevision) throw StateFailure.Stale(key, expectedRevision)
        remove(name)
    }

    /** Removes at most [most] states that have expired. True where it removed some. */
    fun sweep(now: Instant, most: Int): Boolean {
        val bound = millisText(now.toEpochMilli())
        val due = expiries
            .keyIterator(null)
            .asSequence()
            .take(most)
            .takeWhile { it < bound }
            .toList()
        due.forEach { expiry -> expiries.remove(expiry)?.let { states.remove(it) } }
        return due.isNotEmpty()
    }

    /** Returns when all changes are on the disk. */
    fun sync() {
        val version = store.commit()
        store.sync()
        if (version >= 0) acknowledged.write(version)
    }

    /** Gives room back, writing at most [bytesMax]. */
    fun compact(bytesMax: Int) {
        store.compact(FILL_PERCENT_MIN, bytesMax)
    }

    override fun close() = store.close()

    /** Leaves the file as the last [sync] left it. */
    fun abandon() = store.closeImmediately()

    private fun living(name: String, now: Instant): FileRecord? = states[name]?.takeIf { now.toEpochMilli() < it.expiresAt }

    private fun remove(name: String) {
        val old = states.remove(name) ?: return
        if (old.expiresAt != FileRecord.NEVER) expiries.remove(expiryOf(name, old))
    }

    companion object {
        /** Below this share of live data in a part of the file it is written anew. */
        private const val FILL_PERCENT_MIN = 60
        private const val CACHE_MEBIBYTES = 8

        /** For so long the database keeps what is not needed any more; as every commit is synced, it is for nothing but late readers. */
        private const val RETENTION_MILLIS = 0

        /** Fails with [org.h2.mvstore.MVStoreException] or [StateFailure.Unreadable]. */
        fun open(file: Path): StateFile {
            val acknowledged = AcknowledgedVersion(file.resolveSibling("${file.fileName}.acknowledged"))
            val store =
                MVStore
                    .Builder()
                    .fileName(file.toString())
                    .autoCommitDisabled()
                    .cacheSize(CACHE_MEBIBYTES)
                    .open()
            store.retentionTime = RETENTION_MILLIS
            store.setVersionsToKeep(0)
            try {
                acknowledged.check(store.currentVersion, file)
                return StateFile(store, acknowledged)
            } catch (failure: StateFailure) {
                store.closeImmediately()
                throw failure
            }
        }

        private fun <V> tableOf(values: DataType<V>) = MVMap.Builder<String, V>().keyType(CheckedText).valueType(values)

        private fun nameOf(key: StateKey) = "${key.kind}\u0000${key.id}"

        private fun expiryOf(name: String, record: FileRecord) = "${millisText(record.expiresAt)} $name"

        private fun millisText(millis: Long) = millis.toString().padStart(MILLIS_DIGITS, '0')

        private const val MILLIS_DIGITS = 19
        private const val REVISION_BITS = 20
    }
}
