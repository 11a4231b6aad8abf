package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.raw.RawRule

/** A signal rule as written; [prove] compiles it or says what is wrong. */
interface RawSignal {
    val name: String
    val at: Location

    /**
     * The runnable signal, or null after reporting to [problems] why not.
     *
     * @param catalog the encoders that there are, for signals that need one
     */
    fun prove(catalog: Catalog, problems: Problems): Signal?
}

/** A rule whose conditions hold only where [composer], a rule over other signals of the recipe, holds too; null asks for nothing. */
internal interface Composed {
    val composer: RawRule?
}

/**
 * A kind of signal.
 *
 * @property key its list under `routing.signals`
 * @property type what conditions call it
 */
class SignalFamily(val key: String, val type: String, val read: (Section) -> RawSignal)

/** Every family that is built, one line each. */
val signalFamilies: List<SignalFamily> =
    listOf(
        SignalFamily("keywords", "keyword", RawKeyword::read),
        SignalFamily("language", "language", RawLanguage::read),
        SignalFamily("context", "context", RawContext::read),
        SignalFamily("structure", "structure", RawStructure::read),
        SignalFamily("conversation", "conversation", RawConversation::read),
        SignalFamily("metadata", "metadata", RawMetadata::read),
        SignalFamily("events", "event", RawEvent::read),
        SignalFamily("role_bindings", "authz", RawRoleBinding::read),
    )
