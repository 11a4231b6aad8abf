package routercluster.cli

import java.net.BindException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/**
 * Holds the calling thread until the process is told to end; [running] is then closed, which drains it, before the process goes.
 * Returns where it has [ended] by itself.
 *
 * @throws Failure with the reason that it [ended] with, if there is one
 */
fun untilTerminated(running: AutoCloseable, ended: CompletionStage<String?> = CompletableFuture()) {
    Runtime.getRuntime().addShutdownHook(Thread(running::close, "shutdown"))
    ended.toCompletableFuture().join()?.let { throw Failure(it) }
}

/** Runs [open]; a port that is taken becomes a [Failure] that names the [option] to change it with. */
fun <T> opening(port: Int, option: String, open: () -> T): T =
    try {
        open()
    } catch (e: Exception) {
        val bind = generateSequence<Throwable>(e) { it.cause }.firstOrNull { it is BindException } ?: throw e
        throw Failure("port $port cannot be opened (${bind.message}); choose another with $option, or 0 for a free one")
    }
