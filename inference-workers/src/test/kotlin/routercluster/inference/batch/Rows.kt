package routercluster.inference.batch

import routercluster.inference.network.Findings
import routercluster.inference.network.Want
import routercluster.inference.text.Stretch
import routercluster.inference.text.Window
import routercluster.policy.encode.EncodeFailure
import java.util.concurrent.CompletableFuture

/** Somebody who waits for one row. */
internal class Waiting : RowOwner {
    val pass = CompletableFuture<Int>()

    @Volatile
    override var isOver = false

    override fun found(row: Row, findings: Findings, pass: PassFacts) {
        this.pass.complete(pass.rows)
    }

    override fun failed(failure: EncodeFailure) {
        pass.completeExceptionally(failure)
    }
}

/** A row of [length] tokens whose first id is [mark]. */
internal fun row(length: Int, owner: RowOwner = Waiting(), rank: Long = 0, deadline: Long = Long.MAX_VALUE, mark: Int = 0): Row {
    val ids = IntArray(length).also { it[0] = mark }
    return Row(owner, 0, Window(ids, ByteArray(length), Stretch(0, length, length), 0, null, length), setOf(Want("out")), rank, deadline)
}
