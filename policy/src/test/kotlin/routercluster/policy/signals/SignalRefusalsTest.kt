package routercluster.policy.signals

import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory

/** Each rule is refused with a message that holds the text beside it. */
class SignalRefusalsTest {
    @TestFactory
    fun `a wrong rule is refused by name and place`() =
        refusals.trimIndent().lines().filter { it.isNotBlank() }.map { line ->
            val (type, rule, expected) = line.split(" => ").map { it.trim() }
            dynamicTest("$type $rule") { prove(type, "- $rule").exceptionOrNull()?.message.orEmpty() shouldContain expected }
        }

    private val refusals = """
        keyword => {operator: OR, keywords: [a]} => rules[0].name: is required
        keyword => {name: x, keywords: [a]} => rules[0].operator: is required; accepted: OR, AND, NOR
        keyword => {name: x, operator: XOR, keywords: [a]} => unknown value (found XOR); accepted: OR, AND, NOR
        keyword => {name: x, operator: OR} => rules[0].keywords: is required
        keyword => {name: x, operator: OR, keywords: ["a", " "]} => rules[0].keywords[1]: is not a usable keyword
        keyword => {name: x, operator: OR, keywords: [a], method: regexp} => did you mean regex?
        keyword => {name: x, operator: OR, keywords: [a], fuzzy: true} => unknown key (found fuzzy)
        keyword => {name: x, operator: OR, method: regex, keywords: ['a(?=b)']} => invalid or unsupported Perl syntax `(?=`
        keyword => {name: x, operator: OR, method: regex, keywords: ['(a)\1']} => look-behind, back-references or possessive
        keyword => {name: x, operator: OR, method: regex, keywords: ['((a{1000}){1000}){1000}']} => repeats too much
        keyword => {name: x, operator: OR, method: regex, keywords: ['']} => is not a usable pattern
        keyword => {name: x, operator: OR, method: regex, fuzzy_match: true, keywords: [a]} => does not go with method regex
        keyword => {name: x, operator: OR, method: fuzzy, fuzzy_threshold: 30, keywords: [a]} => 1 to 10 edits, or a similarity of 50 to 100 percent
        keyword => {name: x, operator: OR, method: fuzzy, keywords: ['++']} => holds no word to compare
        keyword => {name: x, operator: OR, method: ngram, ngram_arity: 9, keywords: [a]} => a whole number from 1 to 4
        language => {name: english} => is not a language code (found english)
        language => {name: en, threshold: 2} => a number from 0.0 to 1.0
        context => {name: x} => has no bound
        context => {name: x, min_tokens: 8KB} => a token count such as 999, 32K or 1.5M
        context => {name: x, min_tokens: 9K, max_tokens: 8K} => is below min_tokens (found 8K); accepted: at least 9000
        context => {name: x, max_tokens: 9999M} => a token count
        structure => {name: x} => rules[0].feature: is required
        structure => {name: x, feature: {type: count}} => rules[0].feature.source: is required
        structure => {name: x, feature: {type: sum, source: {type: text_bytes}}} => unknown value (found sum)
        structure => {name: x, feature: {type: exists, source: {type: text_bytes}}} => goes only with feature type count
        structure => {name: x, feature: {type: sequence, source: {type: regex, pattern: a}}} => does not go with feature type sequence
        structure => {name: x, feature: {type: exists, source: {type: regex}}} => rules[0].feature.source.pattern: is not a usable pattern
        structure => {name: x, feature: {type: exists, source: {type: keyword_set}}} => rules[0].feature.source.keywords: is required
        structure => {name: x, feature: {type: sequence, source: {type: sequence, sequences: [[a]]}}} => sequences[0]: is too short
        structure => {name: x, feature: {type: sequence, source: {type: sequence, sequences: [a]}}} => a list of strings
        structure => {name: x, feature: {type: count, source: {type: text_bytes}}, predicate: {}} => has no bound
        structure => {name: x, feature: {type: count, source: {type: text_bytes}}, predicate: {gt: 5, lt: 5}} => can never hold
        structure => {name: x, feature: {type: count, source: {type: text_bytes}}, predicate: {above: 5}} => unknown key (found above)
        conversation => {name: x, feature: {type: exists, source: {type: message}}, predicate: {gt: 1}} => does not go with feature type exists
        conversation => {name: x, feature: {type: count, source: {type: tool_definition, role: user}}} => goes only with source type message
        conversation => {name: x, feature: {type: count, source: {type: message, role: bot}}} => unknown value (found bot)
        metadata => {name: x, key: k} => exactly one of equals, in, exists
        metadata => {name: x, key: k, predicate: {equals: a, exists: true}} => needs one comparison (found 2 comparisons)
        metadata => {name: x, key: k, predicate: {in: []}} => rules[0].predicate.in: is empty
        metadata => {name: x, predicate: {equals: a}} => rules[0].key: is required
        event => {name: x} => has no criterion
        event => {name: x, severities: [critical, huge]} => rules[0].severities[1]: unknown value (found huge)
        authz => {name: x, role: r} => rules[0].subjects: is required
        authz => {name: x, subjects: [{kind: User, name: a}]} => rules[0].role: is required
        authz => {name: x, role: r, subjects: [{kind: Robot, name: a}]} => unknown value (found Robot); accepted: User, Group
        embedding => {name: x, candidates: [a]} => rules[0].threshold: is required
        embedding => {name: x, threshold: 0.5} => rules[0].candidates: is required
        embedding => {name: x, threshold: 0.5, candidates: [a, ' ']} => rules[0].candidates[1]: is not a usable text
        embedding => {name: x, threshold: 0.5, candidates: [a], aggregation_method: sum} => unknown value (found sum); accepted: max, mean, any
        embedding => {name: x, threshold: 0.5, candidates: [a], query_modality: smell} => unknown value (found smell); accepted: image, audio, text
        embedding => {name: x, threshold: 0.5, candidates: [a], top_k: 1} => unknown key (found top_k)
        domain => {name: maths} => unknown label of the head toy/domain (found maths); accepted: biology, business
        domain => {name: x, mmlu_categories: [math, phisics]} => rules[0].mmlu_categories[1]: unknown label of the head toy/domain (found phisics)
        domain => {name: math, model_scores: [{model: m}]} => model_scores[0].score: is required
        domain => {name: math, timeout: 1h} => a duration such as
        domain => {name: math, on_error: allow} => unknown value (found allow); accepted: match, no_match, block
        fact_check => {name: facts} => unknown value (found facts); accepted: needs_fact_check, no_fact_check_needed
        user_feedback => {name: wrong} => accepted: satisfied, need_clarification, wrong_answer, want_different
        reask => {name: x, lookback_turns: 0} => a whole number from 1 to 16
        preference => {name: x} => is required; accepted: a list of at least one text
        complexity => {name: x, hard: {candidates: [a]}} => rules[0].easy: is required
        complexity => {name: x, hard: {candidates: [a], image_candidates: b}, easy: {candidates: [c]}} => image_candidates: wrong type
        complexity => {name: x, method: classifier, hard: {candidates: [a]}} => rules[0].hard.candidates: does not go with method classifier
        modality => {name: TEXT} => accepted: AR, DIFFUSION, BOTH
        jailbreak => {name: x, method: both} => unknown value (found both); accepted: classifier, contrastive, hybrid
        jailbreak => {name: x, method: hybrid, benign_patterns: [a]} => rules[0].jailbreak_patterns: is required
        jailbreak => {name: x, jailbreak_patterns: [a]} => jailbreak_patterns: goes only with method contrastive or hybrid
        jailbreak => {name: x, contrastive_threshold: 0.2} => goes only with method hybrid
        jailbreak => {name: x, threshold: 1.5} => a number from 0.0 to 1.0
        pii => {name: x, pii_types_allowed: [EMAIL]} => unknown entity type of the head toy/pii (found EMAIL); accepted: EMAIL_ADDRESS, PERSON, US_SSN
        kb => {name: x, kb: plants, target: {kind: label, value: a}} => unknown knowledge base (found plants); accepted: animals
        kb => {name: x, kb: animals, target: {kind: label, value: cow}} => unknown label of the knowledge base animals (found cow); accepted: cat, dog, car
        kb => {name: x, kb: animals, target: {kind: group, value: pet}} => unknown group of the knowledge base animals (found pet); accepted: pets, things
        kb => {name: x, kb: animals} => rules[0].target: is required
        kb => {name: x, kb: animals, target: {kind: label, value: cat}, match: all} => accepted: best, threshold
        classifier => {name: x, type: local, labels: [a, b]} => rules[0].model_path: is required
        classifier => {name: x, type: local, model_path: models/guard, labels: [jailbreak]} => has too few (found 1 labels)
        classifier => {name: x, type: local, model_path: models/guard, labels: [jailbreak, bening]} => rules[0].model_path: has no head that knows bening (found models/guard); accepted: toy/jailbreak: benign, jailbreak
        classifier => {name: x, type: llm, labels: [a, b]} => rules[0].model: is required; accepted: judge, risk-judge
        classifier => {name: x, type: llm, model: taste, labels: [a, b]} => unknown external model of role classification (found taste)
        classifier => {name: x, type: llm, model: judge, labels: [a, a]} => rules[0].labels[1]: is there twice
        classifier => {name: x, type: llm, model: judge, model_path: y, labels: [a, b]} => does not go with type llm
    """
}
