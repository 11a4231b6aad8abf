package routercluster.policy

import routercluster.policy.cache.CacheSettings
import routercluster.policy.cache.CacheStoreSettings
import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.ExternalModel
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.Problem
import routercluster.policy.config.format.Inactive
import routercluster.policy.config.format.byFeature
import routercluster.policy.decisions.ConfidenceSemantics
import routercluster.policy.decisions.DecisionEngine
import routercluster.policy.decisions.Rule
import routercluster.policy.encode.LabelQuestion
import routercluster.policy.limits.LimitRules
import routercluster.policy.models.Model
import routercluster.policy.outcomes.HintKind
import routercluster.policy.outcomes.KafkaSettings
import routercluster.policy.plugins.Plugin
import routercluster.policy.projections.Projections
import routercluster.policy.selectors.Selector
import routercluster.policy.selectors.Sights
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.Signal
import java.time.Duration

/**
 * A proven policy: every name is resolved, every expression compiled, every bound checked. Immutable; a request keeps the one
 * it began with.
 *
 * @property revision SHA-256 of the file's text as written and of the files it refers to: the same file has the same revision everywhere
 * @property autoNames model names that ask for routing by the default recipe
 * @property recipes by name; [DEFAULT_RECIPE] is always there
 * @property entrypoints virtual model names to recipe names
 * @property tracing null where the file has no such section
 * @property metrics whether metrics are offered
 * @property responses the Responses API, and where conversations are kept
 * @property cache where answers are kept that decisions give again
 * @property limits how much callers may ask for
 * @property catalog the encoders that its learned signals ask
 * @property notices what an operator should know of the file although nothing in it is wrong
 * @property inactive what the file asks for and this program does not do yet
 * @property text the file's, as written: references to the environment are not replaced
 */
class Policy(
    val revision: String,
    val listeners: List<Listener>,
    val models: Map<String, Model>,
    val defaultModel: Model,
    val defaultEffort: String,
    val autoNames: Set<String>,
    val recipes: Map<String, Recipe>,
    val entrypoints: Map<String, String>,
    val listModels: Boolean,
    val clearRouteCache: Boolean,
    val identity: IdentityHeaders,
    val gateway: GatewaySettings,
    val tracing: TracingSettings? = null,
    val metrics: Boolean = true,
    val responses: ResponsesSettings = ResponsesSettings(),
    val cache: CacheStoreSettings = CacheStoreSettings(),
    val limits: LimitRules = LimitRules.NONE,
    val catalog: Catalog = Catalog.NONE,
    val notices: List<Problem> = emptyList(),
    val inactive: List<Inactive> = emptyList(),
    val text: String = "",
) {
    /** [revision] as people and clients are shown it. */
    val shortRevision: String = revision.take(REVISION_SHOWN)

    /** Whether decisions or selectors may depend on encoders. */
    val isLearned: Boolean = recipes.values.any { it.isLearned }

    /** Whether anybody but language models that choose is asked. */
    val asksEncoders: Boolean = recipes.values.any { it.engine.isLearned || it.sights.asksEncoders }

    /** All that external language models may be asked. */
    val questions: List<LabelQuestion> =
        (catalog.questions + recipes.values.flatMap(::asked)).distinct()

    /** Names of the encoders and language models that are asked over a network or a pipe. */
    val services: List<String> = (catalog.remotes.keys + questions.map { it.ref.encoder }).distinct()

    /** The language models that are asked [questions], by the names that those have for them. */
    val externals: Map<String, ExternalModel> =
        catalog.externals + recipes.values.flatMap { it.sights.advices }.associate { it.ref.encoder to it.adviser }

    /** Longest wait for encoders while one request is decided, and for the answer to an equal one. */
    val patience: Duration =
        recipes.values.maxOfOrNull { if (it.hasFlights) it.patience + cache.flightWait else it.patience } ?: Duration.ZERO

    /**
     * This policy, if it can do all that its file asks for.
     *
     * @throws InvalidPolicy with what it cannot do yet, unless it may serve without ([allowInactive])
     */
    fun complete(allowInactive: Boolean): Policy {
        if (inactive.isEmpty() || allowInactive) return this
        val features = inactive.byFeature()
        throw InvalidPolicy(features.map { Problem(it.places.first(), "${it.feature.label} is not built yet", accepted = ALLOW_INACTIVE) })
    }

    /** This policy with other [recipes] in the places of its own. */
    fun with(recipes: Map<String, Recipe>) =
        Policy(
            revision,
            listeners,
            models,
            defaultModel,
            defaultEffort,
            autoNames,
            recipes,
            entrypoints,
            listModels,
            clearRouteCache,
            identity,
            gateway,
            tracing,
            metrics,
            responses,
            cache,
            limits,
            catalog,
            notices,
            inactive,
            text,
        )

    companion object {
        const val DEFAULT_RECIPE = "default"

        /** Digits of a revision that people and clients are shown. */
        const val REVISION_SHOWN = 12

        private const val ALLOW_INACTIVE = "a policy without it, or a router started with --allow-inactive"
    }
}

private fun asked(recipe: Recipe): List<LabelQuestion> =
    recipe.signals.mapNotNull { (it as? LearnedSignal)?.question } +
        recipe.sights.advices.map { it.question } +
        recipe.caches.values.mapNotNull { it.bounded?.judge }

data class Listener(val name: String, val address: String, val port: Int, val timeout: Duration)

enum class Strategy { PRIORITY, CONFIDENCE }

/**
 * An isolated policy over the shared models: its signals and decisions see no other recipe's.
 *
 * @property composers by a signal's place, the rule without which it counts as not matched
 */
class Recipe(
    val name: String,
    val strategy: Strategy,
    val signals: List<Signal>,
    val decisions: List<Decision>,
    private val catalog: Catalog = Catalog.NONE,
    val projections: Projections = Projections.NONE,
    private val semantics: ConfidenceSemantics = ConfidenceSemantics.EVIDENCE,
    val composers: Map<Int, Rule> = emptyMap(),
) {
    /** Compiled once, here. */
    val sights = Sights(decisions, catalog)
    val engine = DecisionEngine(strategy, signals, decisions, catalog::givesVectors, projections, semantics, sights)

    /** What its decisions keep of their answers; those that keep nothing are not in it. */
    val caches: Map<Decision, CacheSettings> = decisions.mapNotNull { decision -> decision.cache?.let { decision to it } }.toMap()

    /** Whether requests may wait for the answer to an equal one. */
    val hasFlights: Boolean = caches.values.any { it.mode.exact && it.singleFlight }

    /** Whether its decisions or selectors may depend on encoders. */
    val isLearned: Boolean = engine.isLearned || sights.isAsked

    /** Longest wait for encoders while one request is decided: the stages come one after the other, and selection last. */
    val patience: Duration =
        signals
            .filterIsInstance<LearnedSignal>()
            .groupBy { it.cost }
            .values
            .fold(sights.patience) { sum, stage -> sum + stage.maxOf { it.timeout } }

    /** This recipe with other [signals] and [decisions] in the places of its own. */
    fun with(signals: List<Signal>, decisions: List<Decision> = this.decisions) =
        Recipe(name, strategy, signals, decisions, catalog, projections, semantics, composers)
}

/**
 * @property priority higher wins
 * @property tier 0 or more; where tiers are used, lower wins
 * @property candidates the models this decision may pick, in the order of the file; empty means the policy's default model
 * @property annotations the owner's notes, which routing does not look at
 */
class Decision(
    val name: String,
    val description: String?,
    val priority: Int,
    val tier: Int,
    val rule: Rule,
    val candidates: List<Candidate>,
    val algorithm: String,
    val selector: Selector,
    val plugins: List<Plugin>,
    val annotations: Map<String, String> = emptyMap(),
    val written: AsWritten = AsWritten(algorithm),
) {
    /** What it keeps of its answers; null where it keeps none. */
    val cache: CacheSettings? get() = plugins.firstNotNullOfOrNull { (it as? Plugin.ResponseCache)?.settings }

    /** This decision with another [selector]. */
    fun with(selector: Selector) =
        Decision(name, description, priority, tier, rule, candidates, algorithm, selector, plugins, annotations, written)
}

/** What a decision's file says, also of what is not built yet. [plugins] are their types, also of those that are switched off. */
data class AsWritten(val algorithm: String, val plugins: List<String> = emptyList())

/**
 * A model as one decision would use it.
 *
 * @property effort the reasoning effort word where [reasoning] is on
 * @property lora adapter name sent instead of the model's own name
 * @property reasoning null where the decision leaves the request's own reasoning settings alone
 */
data class Candidate(
    val model: Model,
    val weight: Double = 1.0,
    val reasoning: Boolean? = null,
    val effort: String? = null,
    val lora: String? = null,
)

/** Which headers of a trusted peer name the caller. With [failOpen], rights-granting signals do not refuse the unnamed. */
data class IdentityHeaders(
    val user: String = "x-authz-user-id",
    val groups: String = "x-authz-user-groups",
    val failOpen: Boolean = false,
)

/**
 * What the doors allow and how they forward: the `gateway` section, ours rather than the seed's.
 *
 * @property trustedPeers CIDR blocks whose identity and internal headers are believed; empty trusts nobody
 * @property decisionsKept size of the ring of decision records
 * @property drainTimeout longest wait for requests under way when a node is to end
 * @property drainGrace how long before that a node of a cluster says that it ends, and still takes what comes
 * @property noStreamUsageFrom ids of the upstreams that are not asked for token usage of streams
 * @property speakResponses ids of the upstreams that get requests of the Responses API as such, not as chat completions
 * @property extProcTls null for an ext_proc port in clear text
 * @property confidence what confidence matched rules have
 * @property evaluation how much of a request is read
 * @property decisionsKeptFor how long the store keeps decision records; null keeps none there
 * @property hints what counts as a verdict although nobody gave one
 * @property kafka null reads and writes no topic
 * @property feedbackPerIdentityMax verdicts of one identity that count for one model of one decision within their window
 */
data class GatewaySettings(
    val limits: Limits = Limits(),
    val forwarding: Forwarding = Forwarding(),
    val trustedPeers: List<String> = emptyList(),
    val decisionsKept: Int = 1_000,
    val drainTimeout: Duration = Duration.ofSeconds(30),
    val drainGrace: Duration = Duration.ofSeconds(3),
    val noStreamUsageFrom: Set<String> = emptySet(),
    val speakResponses: Set<String> = emptySet(),
    val extProcTls: ServerTls? = null,
    val confidence: ConfidenceSemantics = ConfidenceSemantics.EVIDENCE,
    val evaluation: Evaluation = Evaluation.LAZY,
    val decisionsKeptFor: Duration? = null,
    val feedbackPerIdentityMax: Int = 50,
    val hints: Set<HintKind> = emptySet(),
    val kafka: KafkaSettings? = null,
)

/** [LAZY] reads as few signals as the decision needs, [ALL] every one, so that records show them all. The decision is the same. */
enum class Evaluation { LAZY, ALL }

/**
 * Paths of PEM files; relative ones count from where the router was started.
 *
 * @property certificateFile the server's certificate, followed by those that lead to its root
 * @property keyFile PKCS #8, without a password
 * @property clientCaFile who vouches for clients, which must then show a certificate; null asks for none
 */
data class ServerTls(val certificateFile: String, val keyFile: String, val clientCaFile: String? = null)

/**
 * Bounds on what a client may send.
 *
 * @property bodyBytesInFlightMax of all requests together, from a body's first byte until its request has been answered; the default fits the
 *   launcher's heap of 208 MiB
 */
data class Limits(
    val bodyBytesMax: Long = 32L * 1024 * 1024,
    val jsonDepthMax: Int = 64,
    val messagesMax: Int = 5_000,
    val headersMax: Int = 128,
    val headerBytesMax: Int = 64 * 1024,
    val concurrentRequestsMax: Int = 4_096,
    val bodyBytesInFlightMax: Long = 64L * 1024 * 1024,
)

/** Error classes of an attempt that may be tried again elsewhere. */
enum class FailureClass { CONNECT, TIMEOUT, RATE_LIMITED, SERVER_ERROR, CREDENTIALS }

/**
 * How attempts are made. The commit point is the first byte of an answer's body: before it another upstream or the
 * decision's next candidate may be tried, after it never.
 *
 * @property attemptsMax over all upstreams and models of one request
 * @property totalTimeout from the request's arrival to the end of the answer
 * @property firstByteTimeout from sending a request to the first byte of its answer
 * @property idleTimeout between two chunks of an answer
 * @property fallBackOn the classes that may move on to the next candidate model
 * @property retryBudgetPercent retries allowed as a share of requests in flight and recently started
 * @property hedgeAfter silence after which a second attempt is sent beside the first; null switches hedging off
 * @property hedgePercentMax share of requests that may be hedged
 * @property retryAfterMax longest Retry-After that is waited for; a longer one moves on at once
 */
data class Forwarding(
    val attemptsMax: Int = 3,
    val connectTimeout: Duration = Duration.ofSeconds(2),
    val firstByteTimeout: Duration = Duration.ofSeconds(120),
    val idleTimeout: Duration = Duration.ofSeconds(120),
    val totalTimeout: Duration = Duration.ofSeconds(600),
    val fallBackOn: Set<FailureClass> =
        setOf(FailureClass.CONNECT, FailureClass.TIMEOUT, FailureClass.RATE_LIMITED, FailureClass.SERVER_ERROR),
    val retryBudgetPercent: Int = 20,
    val hedgeAfter: Duration? = null,
    val hedgePercentMax: Int = 5,
    val backoff: Duration = Duration.ofMillis(25),
    val retryAfterMax: Duration = Duration.ofSeconds(2),
)
