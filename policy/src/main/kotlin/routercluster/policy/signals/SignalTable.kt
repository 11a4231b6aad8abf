package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.Text
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

/** A rule that may name the folder of an encoder itself instead of taking a head of the catalog. */
internal interface NamesEncoder {
    val folder: NamedFolder?
}

/** A rule that names a knowledge base. */
internal interface NamesKnowledgeBase {
    val knowledgeBase: Text?
}

/** @property wantsGpu whether the rule asks for a GPU where there is one */
internal class NamedFolder(val path: Text, val wantsGpu: Boolean)

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
        SignalFamily("embeddings", "embedding", RawEmbedding::read),
        SignalFamily("domains", "domain", RawDomain::read),
        SignalFamily("fact_check", "fact_check", RawFactCheck::read),
        SignalFamily("user_feedbacks", "user_feedback", RawUserFeedback::read),
        SignalFamily("reasks", "reask", RawReask::read),
        SignalFamily("preferences", "preference", RawPreference::read),
        SignalFamily("complexity", "complexity", RawComplexity::read),
        SignalFamily("modality", "modality", RawModality::read),
        SignalFamily("jailbreak", "jailbreak", RawJailbreak::read),
        SignalFamily("pii", "pii", RawPii::read),
        SignalFamily("kb", "kb", RawKnowledge::read),
        SignalFamily("classifiers", "classifier", RawClassifierRule::read),
    )
