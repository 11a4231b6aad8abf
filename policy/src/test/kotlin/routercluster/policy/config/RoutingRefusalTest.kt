package routercluster.policy.config

import org.junit.jupiter.api.Test

/** Cards, signals and decisions. Each row changes one text of a good policy and states every problem that follows. */
class RoutingRefusalTest {
    @Test
    fun `rejects routing`() =
        check(
            Row(
                "strategy: priority",
                "strategy: random",
                "p.yaml:21:13: routing.strategy: unknown value (found random); accepted: priority, confidence",
            ),
            Row(
                "{name: large, quality_score: 0.9",
                "{name: larg, quality_score: 1.5",
                "p.yaml:23:14: routing.modelCards[0].name: has no model of its name in providers.models (found larg); " +
                    "accepted: small, large; did you mean large?",
                "p.yaml:23:35: routing.modelCards[0].quality_score: wrong value (found 1.5); accepted: a number from 0.0 to 1.0",
                "p.yaml:33:50: routing.decisions[0].modelRefs[1].lora_name: unknown LoRA adapter of large (found code)",
            ),
            Row("    keywords:\n", "    embeddings: []\n    keywords:\n", "p.yaml:25:5: routing.signals.embeddings: $LATER"),
            Row(
                "    keywords:\n",
                "    taxonomy: []\n    keywords:\n",
                "p.yaml:25:5: routing.signals.taxonomy: is a name from before v0.3; accepted: kb",
            ),
            Row(
                "- name: urgent",
                "- {name: urgent}\n      - {name: urgent}",
                "p.yaml:27:9: routing.signals.keywords[1]: duplicate signal of type keyword, first at line 26 (found urgent)",
            ),
            Row(
                "- name: urgent",
                "- {name: urgent, unprovable: true}",
                "p.yaml:26:9: routing.signals.keywords[0]: cannot be proven (found urgent)",
            ),
            Row(
                "priority: 10",
                "priority: high",
                "p.yaml:29:17: $FAST.priority: wrong value (found high); accepted: a whole number from -1000000000 to 1000000000",
            ),
            Row(
                "priority: 10",
                "emits: [{kind: retain}]",
                "p.yaml:29:22: $FAST.emits[0].kind: unknown value (found retain); accepted: retention",
            ),
            Row(
                "model: small, weight",
                "model: tiny, weight",
                "p.yaml:32:19: $FAST.modelRefs[0].model: unknown model (found tiny); accepted: small, large",
            ),
            Row(
                "weight: 0.4",
                "weight: -0.4",
                "p.yaml:32:34: $FAST.modelRefs[0].weight: wrong value (found -0.4); accepted: a number from 0.0 to 1000000.0",
            ),
            Row(
                "weight: 0.4",
                "weight: NaN",
                "p.yaml:32:34: $FAST.modelRefs[0].weight: wrong value (found NaN); accepted: a number from 0.0 to 1000000.0",
            ),
            Row(
                "- {model: small, weight: 0.4}",
                "- {model: large, lora_name: code, reasoning_effort: hihg}",
                "p.yaml:32:61: $FAST.modelRefs[0].reasoning_effort: unknown value (found hihg); " +
                    "accepted: none, minimal, low, medium, high, xhigh, max; did you mean high?",
                "p.yaml:33:19: $FAST.modelRefs[1].model: duplicate candidate, first at line 32 (found large with code)",
            ),
            Row(
                "lora_name: code",
                "lora_name: coed",
                "p.yaml:33:50: $FAST.modelRefs[1].lora_name: unknown LoRA adapter of large (found coed); " +
                    "accepted: code; did you mean code?",
            ),
            Row(
                "priority: 10",
                "candidateIterations: [{variable: v, source: models, models: [{model: large}, {model: smal, lora_name: coed}]}]",
                "p.yaml:29:92: $FAST.candidateIterations[0].models[1].model: unknown model (found smal); " +
                    "accepted: small, large; did you mean small?",
            ),
            Row(
                "type: weighted",
                "type: knn, knn: {num: 5}",
                "p.yaml:34:36: $FAST.algorithm.knn.num: unknown key (found num); accepted: artifact, cost_weight, k",
            ),
            Row(
                "type: weighted",
                "type: wieghted",
                "p.yaml:34:25: $FAST.algorithm.type: unknown value (found wieghted); accepted: $ALGORITHMS; did you mean weighted?",
            ),
            Row(
                "priority: 10",
                "annotations: {a: ${"x".repeat(5_000)}}",
                "p.yaml:29:7: $FAST.annotations: is too large (found 5001 bytes); accepted: at most 4096 bytes of keys and values in UTF-8",
            ),
            Row(
                "priority: 10",
                "annotations: {${(1..33).joinToString { "k$it: v" }}}",
                "p.yaml:29:7: $FAST.annotations: has too many keys (found 33); accepted: at most 32",
            ),
        )
}
