package routercluster.grains.selector

import routercluster.policy.outcomes.ModelStatistics

/** What this node has of one selector. Written by the node's actor, read by everybody. */
internal class View(wantedNanos: Long) {
    @Volatile var models: Map<String, ModelStatistics> = emptyMap()
        private set

    /** When the grain last said what it has; before the first time, when it was first asked for. */
    @Volatile var heardNanos: Long = wantedNanos
        private set

    /** Whether anybody read it since it was last looked at. */
    @Volatile private var read = true

    fun heard(models: Map<String, ModelStatistics>, nowNanos: Long) {
        this.models = models
        heardNanos = nowNanos
    }

    fun markRead() {
        if (!read) read = true
    }

    fun takeRead(): Boolean = read.also { read = false }
}
