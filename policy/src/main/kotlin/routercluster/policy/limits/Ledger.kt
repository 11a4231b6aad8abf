package routercluster.policy.limits

/**
 * What a node tells the authority of a count, and what it asks of it. One is under way at a time; it is told again unchanged until it
 * was answered, and does the same once.
 *
 * @property holder the node's run, never used again by another
 * @property number counts up with each new one of this holder
 * @property spent of what the node holds
 * @property returned of what the node holds, never to be spent
 * @property extra spent beyond what the node holds
 * @property needed the least that would be of use now; 0 asks for nothing
 * @property waiting what all waiting requests need together
 * @property ahead what would come in handy beyond that
 */
data class Sync(
    val holder: String,
    val number: Long,
    val spent: Long = 0,
    val returned: Long = 0,
    val extra: Long = 0,
    val needed: Long = 0,
    val waiting: Long = 0,
    val ahead: Long = 0,
)

private fun Sync.tellsNothing() = spent == 0L && returned == 0L && extra == 0L

/**
 * What the authority answers.
 *
 * @property isNew what the node held before is void and counts as spent
 * @property granted to be spent by the node without asking
 * @property lastsMillis how long the node may spend what it holds, from when it sent the question
 * @property capacity the most that can be free
 * @property free for everybody, after this grant
 * @property fullMillis until all of it would be free
 * @property retryMillis until what was needed would be free; 0 where it was granted
 */
data class LeaseReply(
    val number: Long,
    val isNew: Boolean,
    val granted: Long,
    val lastsMillis: Long,
    val capacity: Long,
    val free: Long,
    val fullMillis: Long,
    val retryMillis: Long,
)

/**
 * A part of a limit that one node may spend by itself until [expiresAt].
 *
 * @property outstanding granted, and neither spent nor returned as far as is known
 * @property number of the newest [Sync] of its holder
 * @property granted by that one, for when it comes again
 */
data class Lease(val outstanding: Long, val expiresAt: Long, val number: Long, val granted: Long)

/**
 * What came of a [Sync].
 *
 * @property isChanged whether more than time has passed over the [ledger]
 */
data class Synced(val ledger: Ledger, val reply: LeaseReply, val isChanged: Boolean)

/**
 * The account of one limit for one subject, kept by its one authority. What is leased counts as used until it is known how much of it
 * was spent; of a lease that ran out, all was. So the sum of what nodes spend never exceeds the limit, whoever dies and whatever is
 * lost on the way. A value.
 *
 * @property at when it was last asked, in milliseconds
 */
data class Ledger(val meter: Meter, val leases: Map<String, Lease> = emptyMap(), val at: Long) {
    private val leased: Long get() = leases.values.sumOf { it.outstanding }

    /** Nothing is used and nothing leased: as if it had never been. */
    val isEmpty: Boolean get() = leases.isEmpty() && meter.used <= 0

    /** As of [now]. */
    fun on(now: Long, pace: Pace): Ledger {
        val time = maxOf(now, at)
        val ended = leases.filterValues { it.expiresAt <= time }
        val spent = ended.values.sortedBy { it.expiresAt }.fold(meter) { used, lease ->
            used.at(lease.expiresAt, pace).spend(lease.outstanding, lease.expiresAt, pace)
        }
        return Ledger(spent.at(time, pace), leases - ended.keys, time)
    }

    /** For a clock that has gone back since: no time has passed. */
    fun notAfter(now: Long): Ledger {
        if (at <= now) return this
        val back = now - at
        return Ledger(meter.shifted(back), leases.mapValues { it.value.copy(expiresAt = it.value.expiresAt + back) }, now)
    }

    fun sync(sync: Sync, pace: Pace, now: Long): Synced {
        val current = on(now, pace)
        val lease = current.leases[sync.holder]
        if (lease != null && lease.number == sync.number) return current.unchanged(sync, lease, pace)
        val told = current.told(sync, lease, pace)
        val granted = if (told.hasRoomFor(sync.holder)) grant(sync, told.free(pace), pace.capacity) else 0
        // Denied and nothing told: a flood of these is to cost nothing, so not even the lease is renewed.
        if (granted == 0L && sync.needed > 0 && sync.tellsNothing()) return current.unchanged(sync, lease?.copy(granted = 0), pace)
        val outstanding = (told.leases[sync.holder]?.outstanding ?: 0) + granted
        val next = Lease(outstanding, told.at + leaseMillis(pace), sync.number, granted)
        // A holder of nothing is forgotten.
        val leases = if (outstanding == 0L) told.leases - sync.holder else told.leases + (sync.holder to next)
        val after = told.copy(leases = leases)
        return Synced(after, after.reply(sync, next, isNew = lease == null, pace), isChanged = true)
    }

    private fun unchanged(sync: Sync, lease: Lease?, pace: Pace) =
        Synced(this, reply(sync, lease ?: Lease(0, at, sync.number, 0), isNew = lease == null, pace), isChanged = false)

    /** After what the node says of its use. Without a [lease] all that it held is counted as spent already. */
    private fun told(sync: Sync, lease: Lease?, pace: Pace): Ledger {
        val held = lease?.outstanding ?: 0
        val spent = minOf(sync.spent, held)
        val returned = minOf(sync.returned, held - spent)
        val used = meter.spend(spent + sync.extra, at, pace)
        return if (lease == null) {
            copy(meter = used)
        } else {
            copy(
                meter = used,
                leases = leases + (sync.holder to lease.copy(outstanding = held - spent - returned)),
            )
        }
    }

    private fun hasRoomFor(holder: String) = holder in leases || leases.size < HOLDERS_MAX

    private fun free(pace: Pace): Long = maxOf(0, pace.capacity - meter.used - leased)

    private fun reply(sync: Sync, lease: Lease, isNew: Boolean, pace: Pace): LeaseReply {
        val free = free(pace)
        val allSpent = meter.spend(leased, at, pace)
        val missing = if (lease.granted >= sync.needed) 0 else maxOf(1, sync.needed - free)
        return LeaseReply(
            number = sync.number,
            isNew = isNew,
            granted = lease.granted,
            lastsMillis = lease.expiresAt - at,
            capacity = pace.capacity,
            free = free,
            fullMillis = allSpent.millisUntilFree(allSpent.used, at, pace),
            retryMillis = if (missing == 0L) 0 else maxOf(1, allSpent.millisUntilFree(missing, at, pace)),
        )
    }

    companion object {
        fun empty(pace: Pace, now: Long) = Ledger(Meter.empty(pace, now), at = now)

        /** Nodes that may hold a part of one count at a time; further ones get nothing. */
        const val HOLDERS_MAX = 1_000

        /** A part of the window, so that what a dead node held does not stay away for longer than it would anyway. */
        fun leaseMillis(pace: Pace): Long = (pace.windowMillis / LEASES_PER_WINDOW).coerceIn(LEASE_MILLIS)

        private const val LEASES_PER_WINDOW = 4
        private val LEASE_MILLIS = 250L..60_000L

        /** What waits is granted in full; of the rest a part, and none when little is left, so that nodes share it fairly. */
        private fun grant(sync: Sync, free: Long, capacity: Long): Long {
            if (sync.needed == 0L || sync.needed > free) return 0
            val waiting = minOf(maxOf(sync.needed, sync.waiting), free)
            val rest = free - waiting
            return if (rest < capacity / LITTLE) waiting else waiting + minOf(sync.ahead, rest / AHEAD_SHARE)
        }

        private const val LITTLE = 10
        private const val AHEAD_SHARE = 8
    }
}
