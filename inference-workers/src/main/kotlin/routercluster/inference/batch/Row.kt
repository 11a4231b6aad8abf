package routercluster.inference.batch

import routercluster.inference.network.Findings
import routercluster.inference.network.Want
import routercluster.inference.text.Window
import routercluster.policy.encode.EncodeFailure

/** Who waits for rows. Called on the device's thread: it hands work on rather than doing it. */
internal interface RowOwner {
    /** Whether nobody waits any more. */
    val isOver: Boolean

    fun found(row: Row, findings: Findings, pass: PassFacts)

    fun failed(failure: EncodeFailure)
}

/**
 * @property id passes of one device are numbered
 * @property rows windows that shared it
 */
internal data class PassFacts(val id: Long, val rows: Int, val started: Long, val nanos: Long)

/**
 * One window that waits for its pass.
 *
 * @property place of [owner]'s rows, which one
 * @property rank when it is due, in nanoseconds; the smallest is next. A long text's windows are due one after another, so that short
 *   texts come in between
 * @property deadline in nanoseconds, from when nobody waits for it
 * @property alone whether it must not share a pass, since one that it shared has failed
 */
internal class Row(
    val owner: RowOwner,
    val place: Int,
    val window: Window,
    val wants: Set<Want>,
    val rank: Long,
    val deadline: Long,
    val alone: Boolean = false,
) {
    fun alone() = Row(owner, place, window, wants, rank, deadline, alone = true)
}
