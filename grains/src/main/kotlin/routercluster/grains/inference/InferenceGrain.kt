package routercluster.grains.inference

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.actor.typed.receptionist.Receptionist
import org.apache.pekko.actor.typed.receptionist.ServiceKey
import routercluster.grains.rootOf
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.OpenEncoder
import java.time.Duration

/** Under this key workers are found by every node. */
internal val inferenceWorkers: ServiceKey<InferenceCommand> = ServiceKey.create(InferenceCommand::class.java, "inference-workers")

/**
 * Stands in front of one device's [encoder] and answers for it in the cluster, from when it starts until it stops. It keeps
 * nothing: queue, batches and bounds are the encoder's, and a caller whose worker died asks another.
 *
 * @param name of the encoder in the policies that ask it
 */
internal fun inferenceGrain(name: String, encoder: OpenEncoder): Behavior<InferenceCommand> =
    Behaviors.setup { context ->
        context.system.receptionist().tell(Receptionist.register(inferenceWorkers, context.self))
        Behaviors.receiveMessage { command ->
            when (command) {
                is InferenceCommand.Encode -> answer(encoder, command)
                is InferenceCommand.Describe -> describe(name, encoder, context.self, command)
            }
            Behaviors.same()
        }
    }

/** Replies from the encoder's thread: a typed reference may be told from any. */
private fun answer(encoder: OpenEncoder, command: InferenceCommand.Encode) {
    val request = EncodeRequest(command.passages.map { it.toPassage() }, Duration.ofMillis(command.timeoutMillis))
    encoder.encode(request).whenComplete { reply, failure ->
        val load = encoder.status.toLoad()
        val answer = if (failure == null) reply.toWire(command.id, load) else notEncoded(command.id, rootOf(failure), load)
        command.replyTo.tell(answer)
    }
}

private fun describe(name: String, encoder: OpenEncoder, self: ActorRef<InferenceCommand>, command: InferenceCommand.Describe) =
    command.replyTo.tell(InferenceReply.Described(self, encoder.toWire(name), encoder.status.toLoad()))
