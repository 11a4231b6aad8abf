package routercluster.grains.selector

import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.javadsl.AskPattern
import routercluster.grains.directory.GrainDirectory
import java.time.Duration
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap

/** Grains of one actor system without a cluster. */
class LocalDirectory(private val kit: ActorTestKit, private val make: (id: String) -> Behavior<SelectorCommand>) :
    GrainDirectory<SelectorCommand> {
    private val grains = ConcurrentHashMap<String, ActorRef<SelectorCommand>>()

    /** What was told, before it arrives; a test may take some of it away. */
    @Volatile var passes: (SelectorCommand) -> Int = { 1 }

    override fun tell(id: String, message: SelectorCommand) = repeat(passes(message)) { grain(id).tell(message) }

    override fun <R : Any> ask(id: String, timeout: Duration, make: (ActorRef<R>) -> SelectorCommand): CompletionStage<R> =
        AskPattern.ask(grain(id), make, timeout, kit.scheduler())

    /** The grain dies without a word; the next message wakes another. */
    fun kill(id: String) {
        grains.remove(id)?.let { kit.stop(it) }
    }

    private fun grain(id: String) = grains.computeIfAbsent(id) { kit.spawn(make(it)) }
}
