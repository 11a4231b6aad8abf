package routercluster.cluster.fleet

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import routercluster.kit.load.Exchange
import routercluster.kit.load.Load
import java.time.Duration

/**
 * Clients that keep turns, each in a conversation of its own, with a new one every [TURNS_PER_CONVERSATION] turns; half of them ask
 * each door first.
 *
 * @param name of the load, different for each of a fleet
 */
class TurnLoad(private val fleet: Fleet, private val name: String, clients: Int = 6) : AutoCloseable {
    private val load = Load(clients) { client, count -> fleet.keepTurn(conversation(client, count), "t$count", client) }

    val exchanges: List<Exchange> get() = load.exchanges

    /** Waits until so many more turns were acknowledged. */
    fun await(count: Int, within: Duration = PATIENCE) = load.awaitAcknowledged(count, within)

    /** Ends the load, and checks that what was acknowledged is there, and all that is there once. */
    fun stopAndCheck(): List<Exchange> {
        val all = load.stop()
        val sent = all.groupBy({ it.label.substringBefore('/') }, { it })
        sent.forEach { (conversation, exchanges) ->
            val kept = fleet.turns(conversation)
            withClue("$conversation, of which was sent: ${exchanges.joinToString { "${it.label}: ${it.status}" }}") {
                kept shouldBe kept.distinct()
                exchanges.filter { it.isAcknowledged }.map { it.label.substringAfter('/') }.filterNot { it in kept } shouldBe emptyList()
            }
        }
        return all
    }

    private fun conversation(client: Int, count: Int) = "$name-$client-${count / TURNS_PER_CONVERSATION}"

    override fun close() = load.close()

    private companion object {
        const val TURNS_PER_CONVERSATION = 25
        val PATIENCE: Duration = Duration.ofSeconds(60)
    }
}
