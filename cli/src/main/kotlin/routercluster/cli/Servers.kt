package routercluster.cli

import java.net.BindException
import java.util.concurrent.CountDownLatch

/** Holds the calling thread until the process is told to end; [running] is then closed, which drains it, before the process goes. */
fun untilTerminated(running: AutoCloseable) {
    Runtime.getRuntime().addShutdownHook(Thread(running::close, "shutdown"))
    CountDownLatch(1).await()
}

/** Runs [open]; a port that is taken becomes a [Failure] that names the [option] to change it with. */
fun <T> opening(port: Int, option: String, open: () -> T): T =
    try {
        open()
    } catch (e: Exception) {
        val bind = generateSequence<Throwable>(e) { it.cause }.firstOrNull { it is BindException } ?: throw e
        throw Failure("port $port cannot be opened (${bind.message}); choose another with $option, or 0 for a free one")
    }
