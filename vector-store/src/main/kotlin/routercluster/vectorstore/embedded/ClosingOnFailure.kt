package routercluster.vectorstore.embedded

/** What [work] gives; where it fails, [opened] is closed first. */
internal inline fun <T> closingOnFailure(opened: AutoCloseable, work: () -> T): T {
    var isDone = false
    try {
        return work().also { isDone = true }
    } finally {
        if (!isDone) opened.close()
    }
}
