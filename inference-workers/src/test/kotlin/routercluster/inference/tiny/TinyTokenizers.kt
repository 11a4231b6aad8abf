package routercluster.inference.tiny

import com.fasterxml.jackson.databind.ObjectMapper

private val json = ObjectMapper()

/** Letters, digits, marks, some words and pieces of words. Letters of other scripts are in it one by one. */
private val pieces =
    (('a'..'z').map(Char::toString) + ('0'..'9').map(Char::toString)).flatMap { listOf(it, "##$it") } +
        listOf("hello", "world", "ignore", "all", "rules", "##ing", "good", "bad", "is", "the", "paris", "john", "lives", "in") +
        listOf(".", ",", "!", "@", "-", "/", ":", "+") +
        "дмоскваприветп日本東京عربي".map(Char::toString).distinct().flatMap { listOf(it, "##$it") } +
        listOf("😀", "👍")

/** A WordPiece tokenizer like BERT's. Ids: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3. */
val bertTokens: List<String> = listOf("[PAD]", "[UNK]", "[CLS]", "[SEP]") + pieces

fun bertTokenizer(): String =
    json.writeValueAsString(
        mapOf(
            "version" to "1.0",
            "truncation" to mapOf("direction" to "Right", "max_length" to 4, "strategy" to "LongestFirst", "stride" to 0),
            "padding" to
                mapOf(
                    "strategy" to mapOf("Fixed" to 16),
                    "direction" to "Right",
                    "pad_to_multiple_of" to null,
                    "pad_id" to 0,
                    "pad_type_id" to 0,
                    "pad_token" to "[PAD]",
                ),
            "added_tokens" to (0..3).map { added(it, bertTokens[it]) },
            "normalizer" to
                mapOf(
                    "type" to "BertNormalizer",
                    "clean_text" to true,
                    "handle_chinese_chars" to true,
                    "strip_accents" to null,
                    "lowercase" to true,
                ),
            "pre_tokenizer" to mapOf("type" to "BertPreTokenizer"),
            "post_processor" to template("[CLS]", "[SEP]", 2, 3, between = listOf("[SEP]")),
            "decoder" to null,
            "model" to
                mapOf(
                    "type" to "WordPiece",
                    "unk_token" to "[UNK]",
                    "continuing_subword_prefix" to "##",
                    "max_input_chars_per_word" to 100,
                    "vocab" to bertTokens.withIndex().associate { it.value to it.index },
                ),
        ),
    )

/** A byte-level BPE tokenizer like ModernBERT's: no token types that matter, special tokens behind the vocabulary. */
fun modernBertTokenizer(): String {
    val alphabet = byteAlphabet()
    val merges = listOf("h" to "e", "l" to "l", "he" to "ll", "hell" to "o", "Ġ" to "w", "i" to "n", "Ġ" to "hello")
    val vocabulary = (alphabet + merges.map { it.first + it.second }).withIndex().associate { it.value to it.index }
    val next = vocabulary.size
    val special = listOf("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]").mapIndexed { i, token -> added(next + i, token) }
    return json.writeValueAsString(
        mapOf(
            "version" to "1.0",
            "truncation" to null,
            "padding" to null,
            "added_tokens" to special,
            "normalizer" to mapOf("type" to "NFC"),
            "pre_tokenizer" to mapOf("type" to "ByteLevel", "add_prefix_space" to false, "trim_offsets" to true, "use_regex" to true),
            "post_processor" to template("[CLS]", "[SEP]", next + 1, next + 2, between = listOf("[SEP]")),
            "decoder" to mapOf("type" to "ByteLevel", "add_prefix_space" to true, "trim_offsets" to true, "use_regex" to true),
            "model" to
                mapOf(
                    "type" to "BPE",
                    "dropout" to null,
                    "unk_token" to null,
                    "continuing_subword_prefix" to null,
                    "end_of_word_suffix" to null,
                    "fuse_unk" to false,
                    "byte_fallback" to false,
                    "vocab" to vocabulary,
                    "merges" to merges.map { "${it.first} ${it.second}" },
                ),
        ),
    )
}

/** How many ids [modernBertTokenizer] can give. */
const val MODERN_BERT_IDS = 256 + 7 + 5

/** GPT-2's printable stand-ins for the 256 bytes. */
private fun byteAlphabet(): List<String> {
    val plain = ('!'..'~') + ('¡'..'¬') + ('®'..'ÿ')
    var next = 256
    return (0..255).map { byte -> if (byte.toChar() in plain) byte.toChar().toString() else (next++).toChar().toString() }
}

private fun added(id: Int, content: String) =
    mapOf(
        "id" to id,
        "content" to content,
        "single_word" to false,
        "lstrip" to false,
        "rstrip" to false,
        "normalized" to false,
        "special" to true,
    )

private fun template(begin: String, end: String, beginId: Int, endId: Int, between: List<String>): Map<String, Any> {
    fun special(id: String, type: Int) = mapOf("SpecialToken" to mapOf("id" to id, "type_id" to type))

    fun sequence(id: String, type: Int) = mapOf("Sequence" to mapOf("id" to id, "type_id" to type))
    return mapOf(
        "type" to "TemplateProcessing",
        "single" to listOf(special(begin, 0), sequence("A", 0), special(end, 0)),
        "pair" to listOf(special(begin, 0), sequence("A", 0)) + between.map { special(it, 0) } + listOf(sequence("B", 1), special(end, 1)),
        "special_tokens" to
            mapOf(
                begin to mapOf("id" to begin, "ids" to listOf(beginId), "tokens" to listOf(begin)),
                end to mapOf("id" to end, "ids" to listOf(endId), "tokens" to listOf(end)),
            ),
    )
}
