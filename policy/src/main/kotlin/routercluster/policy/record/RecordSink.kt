package routercluster.policy.record

/** Where decision records go when their answers have ended. */
interface RecordSink {
    /** Returns at once; where there is no room, [record] is dropped and counted. */
    fun offer(record: DecisionRecord)

    val sent: Long

    /** For want of room. */
    val dropped: Long

    /** That the other side did not take. */
    val failed: Long
}
