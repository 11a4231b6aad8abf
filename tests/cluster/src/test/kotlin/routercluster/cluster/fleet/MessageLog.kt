package routercluster.cluster.fleet

import org.apache.pekko.actor.ActorRef
import org.apache.pekko.remote.artery.RemoteInstrument
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption

/**
 * Writes down each message of the router's own that this node sends to another one: a line each, in the file that the system property
 * [FILE] names. What Pekko says between nodes to keep the cluster together is not of interest.
 */
class MessageLog : RemoteInstrument() {
    private val file = Path.of(System.getProperty(FILE))

    override fun identifier(): Byte = ID

    override fun remoteMessageSent(recipient: ActorRef?, message: Any, sender: ActorRef?, size: Int, time: Long) {
        val name = message.javaClass.name
        if (OWN.none(name::startsWith)) return
        Files.writeString(file, "$name to ${recipient?.path()}\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND)
    }

    override fun remoteMessageReceived(recipient: ActorRef?, message: Any, sender: ActorRef?, size: Int, time: Long) = Unit

    override fun remoteWriteMetadata(recipient: ActorRef?, message: Any, sender: ActorRef?, buffer: ByteBuffer) = Unit

    override fun remoteReadMetadata(recipient: ActorRef?, message: Any, sender: ActorRef?, buffer: ByteBuffer) = Unit

    companion object {
        private const val FILE = "test.messages.file"
        private const val ID: Byte = 31

        /** What goes to a grain travels in an envelope of Pekko's. */
        private val OWN = listOf("routercluster.", "org.apache.pekko.cluster.sharding.typed.ShardingEnvelope")

        /** Options of a JVM that writes its messages down in [file]. */
        fun javaOptions(file: Path): List<String> =
            listOf("-Dpekko.remote.artery.advanced.instruments.0=${MessageLog::class.java.name}", "-D$FILE=$file")
    }
}
