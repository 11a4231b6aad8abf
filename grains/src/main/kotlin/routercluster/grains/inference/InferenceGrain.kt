package routercluster.grains.inference

import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.actor.typed.receptionist.Receptionist
import org.apache.pekko.actor.typed.receptionist.ServiceKey
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import java.time.Duration
import java.util.concurrent.CompletionException

/** The name of the grain's actor on its node; its messages travel on the lane for large ones by this name. */
const val INFERENCE_GRAIN = "inference-grain"

/** Under this key workers are found by every node. */
internal val inferenceWorkers: ServiceKey<InferenceCommand> = ServiceKey.create(InferenceCommand::class.java, "inference-workers")

/**
 * Stands in front of one device's [encoder] and answers for it in the cluster, from when it starts until it stops. It keeps
 * nothing: queue, batches and bounds are the encoder's, and a caller whose worker died asks another.
 */
fun inferenceGrain(encoder: Encoder): Behavior<InferenceCommand> =
    Behaviors.setup { context ->
        context.system.receptionist().tell(Receptionist.register(inferenceWorkers, context.self))
        Behaviors.receiveMessage { command ->
            when (command) {
                is InferenceCommand.Encode -> answer(encoder, command)
            }
            Behaviors.same()
        }
    }

/** Replies from the encoder's thread: a typed reference may be told from any. */
private fun answer(encoder: Encoder, command: InferenceCommand.Encode) {
    val request = EncodeRequest(command.passages.map { it.toPassage() }, Duration.ofMillis(command.timeoutMillis))
    encoder.encode(request).whenComplete { reply, failure ->
        val answer = if (failure == null) reply.toWire(command.id) else notEncoded(command.id, rootOf(failure))
        command.replyTo.tell(answer)
    }
}

private fun rootOf(failure: Throwable): Throwable = if (failure is CompletionException) failure.cause ?: failure else failure
