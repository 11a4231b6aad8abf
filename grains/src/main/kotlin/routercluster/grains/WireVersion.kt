package routercluster.grains

/**
 * Versions of the messages between nodes. A change that a node of the version before could not read takes two releases: the first
 * reads the new form and still writes the old one.
 */
object WireVersion {
    /** What this program writes. */
    const val WRITTEN = 1

    /** The oldest that this program can read. */
    const val OLDEST_READ = 1
}
