package routercluster.policy.config

import org.junit.jupiter.api.Test

/** Rules and plugins. Each row changes one text of a good policy and states every problem that follows. */
class RuleRefusalTest {
    @Test
    fun `rejects rules`() =
        check(
            Row(
                RULES,
                "rules: {type: keyword, name: urgnt}",
                "p.yaml:30:36: $FAST.rules.name: unknown signal of type keyword (found urgnt); accepted: urgent; did you mean urgent?",
            ),
            Row(
                RULES,
                "rules: {type: language, name: es}",
                "p.yaml:30:37: $FAST.rules.name: unknown signal of type language (found es); accepted: none is defined in this recipe",
            ),
            Row(RULES, "rules: {type: domain, name: law}", "p.yaml:30:21: $FAST.rules.type: $LATER (found domain); accepted: $TYPES"),
            Row(
                RULES,
                "rules: {type: keywrd, name: urgent}",
                "p.yaml:30:21: $FAST.rules.type: unknown signal type (found keywrd); accepted: $TYPES; did you mean keyword?",
            ),
            Row(
                RULES,
                "rules: {type: keyword, name: urgent, label: A}",
                "p.yaml:30:51: $FAST.rules.label: unknown label of keyword:urgent (found A); accepted: none",
            ),
            Row(RULES, "rules: {type: keyword}", "p.yaml:30:14: $FAST.rules.name: is required; accepted: a non-empty string"),
            Row(
                RULES,
                "rules: {operator: XOR, conditions: []}",
                "p.yaml:30:25: $FAST.rules.operator: unknown value (found XOR); accepted: AND, OR, NOT; did you mean OR?",
            ),
            Row(
                RULES,
                "rules: {conditions: [{type: keyword, name: urgent}]}",
                "p.yaml:30:14: $FAST.rules.operator: is required with conditions; accepted: AND, OR, NOT",
            ),
            Row(
                RULES,
                "rules: {operator: OR}",
                "p.yaml:30:14: $FAST.rules.conditions: is required; accepted: at least one condition for OR",
            ),
            Row(
                RULES,
                "rules: {operator: NOT, conditions: []}",
                "p.yaml:30:42: $FAST.rules.conditions: does not fit NOT (found 0 conditions); accepted: exactly one",
            ),
            Row(
                RULES,
                "rules: {operator: AND, type: keyword, name: urgent}",
                "p.yaml:30:15: $FAST.rules.operator: does not go with type: a node is either a condition or an operator over conditions",
            ),
            Row(
                RULES,
                "rules: {type: keyword, name: urgent, predicate: {}}",
                "p.yaml:30:55: $FAST.rules.predicate: has no bound; accepted: at least one of gt, gte, lt, lte",
            ),
            Row(
                RULES,
                "rules: {type: keyword, name: urgent, predicate: {above: 1}}",
                "p.yaml:30:56: $FAST.rules.predicate.above: unknown key (found above); accepted: gt, gte, lt, lte",
            ),
            Row(
                RULES,
                "rules: {type: keyword, name: urgent, predicate: {gt: 5, lt: 5}}",
                "p.yaml:30:55: $FAST.rules.predicate: can never hold (found gt 5.0, lt 5.0); accepted: a lower bound below the upper bound",
            ),
            Row(
                RULES,
                "rules: {type: keyword, name: urgent, on_error: ignore}",
                "p.yaml:30:54: $FAST.rules.on_error: unknown value (found ignore); accepted: match, no_match, block",
            ),
            Row(
                RULES,
                "rules: " + "{operator: AND, conditions: [".repeat(16) + "{}" + "]}".repeat(16),
                "p.yaml:30:478: $FAST.rules${".conditions[0]".repeat(16)}: is nested too deep; accepted: at most 16 levels of conditions",
            ),
        )

    @Test
    fun `rejects plugins`() =
        check(
            Row(
                PLUGIN_TEXT,
                "type: rag\n          configuration: {backend: milvs, top_k: 0}",
                "p.yaml:37:36: $PLUGIN.backend: unknown value (found milvs); " +
                    "accepted: milvus, qdrant, external_api, mcp, openai, vectorstore, hybrid; did you mean milvus?",
                "p.yaml:37:50: $PLUGIN.top_k: wrong value (found 0); accepted: a whole number from 1 to 1000",
            ),
            Row(
                "type: system_prompt",
                "type: system-prompt",
                "p.yaml:36:17: $FAST.plugins[0].type: unknown value (found system-prompt); accepted: $PLUGINS; did you mean system_prompt?",
            ),
            Row(
                "system_prompt: Be brief.",
                "mode: append",
                "p.yaml:37:26: $PLUGIN.system_prompt: is required; accepted: a non-empty string",
                "p.yaml:37:33: $PLUGIN.mode: unknown value (found append); accepted: insert, replace",
            ),
            Row(
                PLUGIN_TEXT,
                "type: fast_response\n          configuration: {enabled: true}",
                "p.yaml:37:26: $PLUGIN.message: is required; accepted: a non-empty string",
            ),
            Row(PLUGIN_TEXT, "type: fast_response", "p.yaml:36:11: $PLUGIN: is required; accepted: a mapping"),
            Row(
                PLUGIN_TEXT,
                "type: request_params\n          configuration: {blocked_params: [model], max_n: 0}",
                "p.yaml:37:44: $PLUGIN.blocked_params[0]: is a parameter that no request can do without (found model); accepted: any other",
                "p.yaml:37:59: $PLUGIN.max_n: wrong value (found 0); accepted: a whole number from 1 to 1000",
            ),
            Row(
                PLUGIN_TEXT,
                "type: header_mutation\n          configuration: {}",
                "p.yaml:37:26: $PLUGIN: has 0 edits; accepted: 1 to 64 headers under add, update or delete",
            ),
            Row(
                PLUGIN_TEXT,
                "type: header_mutation\n          configuration: {add: [{name: a b, value: c}], delete: [x, X]}",
                "p.yaml:37:40: $PLUGIN.add[0].name: is not a header name (found a b)",
                "p.yaml:37:69: $PLUGIN.delete[1]: duplicate header, first at line 37 (found x)",
            ),
            Row(
                PLUGIN_TEXT,
                "type: header_mutation\n          configuration: {update: [{name: Authorization, value: c}], delete: [Host]}",
                "p.yaml:37:43: $PLUGIN.update[0].name: is protected and cannot be changed by a plugin (found Authorization)",
                "p.yaml:37:79: $PLUGIN.delete[0]: is protected and cannot be changed by a plugin (found Host)",
            ),
            Row(
                PLUGIN_TEXT,
                "$PLUGIN_TEXT\n        - $PLUGIN_TEXT",
                "p.yaml:38:17: $FAST.plugins[1].type: duplicate plugin of this decision, first at line 36 (found system_prompt)",
            ),
        )
}
