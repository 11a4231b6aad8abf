package routercluster.vectorstore.embedded

import org.apache.lucene.index.ConcurrentMergeScheduler

/**
 * Merges in the background, one at a time. While [merging] are due already, whoever puts entries waits before more are begun. Nobody else does:
 * what was acknowledged is to be on disk in time, and searches are not to wait.
 */
internal class Merges(private val merging: Int) : ConcurrentMergeScheduler() {
    init {
        setMaxMergesAndThreads(merging, 1)
    }

    override fun maybeStall(source: MergeSource): Boolean =
        if (Thread.currentThread() is IntakeThread) super.maybeStall(source) else !source.hasPendingMerges() || mergeThreadCount() < merging
}
