package routercluster.kit

import org.junit.jupiter.api.extension.AfterTestExecutionCallback
import org.junit.jupiter.api.extension.ExtensionContext

/** Adds what [log] has to say to the failure of a test, and is silent about tests that pass. */
class LogsOnFailure(private val name: String, private val log: () -> String) : AfterTestExecutionCallback {
    override fun afterTestExecution(context: ExtensionContext) {
        context.executionException.ifPresent { it.addSuppressed(ProcessLog("$name wrote:\n${EnvoyProcess.tail(log())}")) }
    }
}

/** Not a failure of its own: carries a log into the report of one. */
private class ProcessLog(text: String) : RuntimeException(text, null, false, false)
