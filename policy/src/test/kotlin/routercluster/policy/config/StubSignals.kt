package routercluster.policy.config

import routercluster.policy.catalog.Catalog
import routercluster.policy.request.Facts
import routercluster.policy.signals.Cost
import routercluster.policy.signals.OnError
import routercluster.policy.signals.RawSignal
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal
import routercluster.policy.signals.SignalFamily
import routercluster.policy.signals.SignalRef

/** Families that accept any rule with a name, so that these tests do not rest on what real families ask for. */
val stubFamilies: List<SignalFamily> =
    listOf(
        "keywords" to "keyword",
        "language" to "language",
        "context" to "context",
        "structure" to "structure",
        "conversation" to "conversation",
        "metadata" to "metadata",
        "events" to "event",
        "role_bindings" to "authz",
    ).map { (key, type) ->
        SignalFamily(key, type) { section ->
            section.passOver()
            StubSignal(type, section.requiredString("name"), section.here, section.boolean("unprovable") ?: false)
        }
    }

private class StubSignal(type: String, override val name: String, override val at: Location, private val unprovable: Boolean) :
    RawSignal,
    Signal {
    override val ref = SignalRef(type, name)
    override val cost = Cost.FIELD
    override val onError = if (type == "authz") OnError.BLOCK else OnError.NO_MATCH

    override fun prove(catalog: Catalog, problems: Problems): Signal? = if (unprovable) {
        null.also {
            problems.add(at, "cannot be proven", name)
        }
    } else {
        this
    }

    override fun read(facts: Facts): Reading = Reading.Seen(matched = false)
}

/** The problems of [text], as a reader sees them. */
fun problemsOf(text: String, environment: Map<String, String> = mapOf("KEY" to "sk-secret")): List<String> =
    when (val outcome = provePolicy(text, "p.yaml", environment::get, stubFamilies)) {
        is PolicyOutcome.Proven -> emptyList()
        is PolicyOutcome.Refused -> outcome.problems.map { it.toString() }
    }
