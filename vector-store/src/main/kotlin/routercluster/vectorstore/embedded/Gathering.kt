package routercluster.vectorstore.embedded

import org.apache.lucene.index.FilterMergePolicy
import org.apache.lucene.index.MergePolicy
import org.apache.lucene.index.SegmentCommitInfo
import org.apache.lucene.index.SegmentInfos

/**
 * Merges as [usual] while entries come. Where it is asked to merge all (Lucene's forced merge, here once little changes), it brings together what
 * [together] says, whatever number of segments was asked for: Lucene's own rule would write a large segment anew for every entry that was
 * deleted from it.
 *
 * @property entriesMax of one segment
 */
internal class Gathering(usual: MergePolicy, private val entriesMax: Long) : FilterMergePolicy(usual) {
    override fun findForcedMerges(
        infos: SegmentInfos,
        segmentsMax: Int,
        asked: Map<SegmentCommitInfo, Boolean>,
        context: MergeContext,
    ): MergeSpecification? {
        val free = infos.filter { it in asked && it !in context.mergingSegments }
        val entries = free.associateWith { (it.info.maxDoc() - context.numDeletesToMerge(it)).toLong() }
        val some = together(free.sortedBy(entries::getValue), entriesMax, entries::getValue)
        return if (some.isEmpty()) null else MergeSpecification().apply { add(OneMerge(some)) }
    }

    companion object {
        /** Where the others have no more than this share of a segment's entries, it is not written anew for them. */
        private const val WORTH_SHARE = 0.1

        /**
         * The smallest of [segments], as many as fit into one of [entriesMax], without those at the top that the others are too few for. None where
         * there are not two of these.
         *
         * @param segments the smallest first
         */
        fun <T> together(segments: List<T>, entriesMax: Long, entries: (T) -> Long): List<T> {
            val sums = segments.runningFold(0L) { sum, it -> sum + entries(it) }
            var count = sums.indexOfLast { it <= entriesMax }
            while (count > 1 && sums[count - 1] <= WORTH_SHARE * entries(segments[count - 1])) count--
            return if (count > 1) segments.take(count) else emptyList()
        }
    }
}
