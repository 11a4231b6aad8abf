package routercluster.silo.join

import com.typesafe.config.Config
import org.apache.pekko.cluster.ConfigValidation
import org.apache.pekko.cluster.Invalid
import org.apache.pekko.cluster.JoinConfigCompatChecker
import org.apache.pekko.cluster.Valid
import scala.collection.immutable.Seq
import scala.jdk.javaapi.CollectionConverters
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicReference

/**
 * Asked by Pekko on both sides of a join. Only the node that joins judges: it is told the other's settings, and so can say on its
 * own console what is wrong, whereas a refusal by the other side would reach it without a reason.
 */
class JoinCheck : JoinConfigCompatChecker() {
    override fun requiredKeys(): Seq<String> = immutable(JoinKeys.told)

    override fun check(toCheck: Config, actualConfig: Config): ConfigValidation {
        val state = JoinState.of(actualConfig.getString(JoinKeys.NODE_ID))
        if (state.belongs) return Valid.getInstance()
        val reason = whyNot(actualConfig, toCheck) ?: return Valid.getInstance()
        state.refusal.set(reason)
        return Invalid(immutable(listOf(reason)))
    }

    private fun immutable(texts: List<String>): Seq<String> = CollectionConverters.asScala(texts).toSeq()
}

/** How far a node of this process is with joining. Pekko makes its [JoinCheck] by name, so they meet here. */
internal class JoinState {
    @Volatile
    var belongs = false

    val refusal = AtomicReference<String>()

    companion object {
        private val states = ConcurrentHashMap<String, JoinState>()

        fun of(nodeId: String): JoinState = states.computeIfAbsent(nodeId) { JoinState() }

        fun forget(nodeId: String): JoinState? = states.remove(nodeId)
    }
}
